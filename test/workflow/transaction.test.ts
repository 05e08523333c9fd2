import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TransactionDraft } from '../../src/domain/transaction.ts';
import { TransactionReportSchema } from '../../src/domain/transaction.schema.ts';
import { commandFailed, until } from '../support/harness.ts';
import { newHarnessForEach } from '../support/new-harness.ts';
import { failure } from '../support/rejection.ts';

/** Of Temporal's PendingActivityState. */
const CANCEL_REQUESTED = 3;

const harness = newHarnessForEach('');

type Draft = TransactionDraft['operations'][number];

const command = (id: string, more: Partial<Draft> = {}): Draft => ({
  id,
  operation: { kind: 'command', argv: ['do', id] },
  undo: { kind: 'command', argv: ['undo', id] },
  ...more,
});

const start = (operations: Draft[], more: Partial<TransactionDraft> = {}, key = randomUUID()) =>
  harness.recoveries.transactions.start({ name: 'order', operations, ...more }, { key, host: harness.host });

/** Commands by their words: an error, a promise or an output. */
function answers(by: Record<string, () => unknown>): void {
  harness.fakes['runCommand'] = async ({ operation }: { operation: { argv: string[] } }) => {
    const output = await by[operation.argv.join(' ')]?.();
    return { exitCode: 0, durationMs: 1, ...(output === undefined ? {} : { output }) };
  };
}

const fails = (text: string) => () => {
  throw commandFailed(text);
};

const done = () => harness.calls.map((call) => call.replace('runCommand ', ''));

describe('a transaction', () => {
  it('does its operations in order, hands outputs on, and commits', async () => {
    answers({ 'do a': () => ({ id: 7 }) });
    const handle = await start([
      command('a'),
      command('b', { operation: { kind: 'command', argv: ['do', 'b-{{ actions.a.output.output.id }}'] } }),
      { id: 'c', operation: { kind: 'activity', name: 'noop', input: { of: '{{ actions.a.output.output }}' } } },
    ]);
    const report = TransactionReportSchema.parse(await handle.result());
    expect(report).toMatchObject({
      status: 'committed',
      undos: [],
      nextSteps: [],
      operations: [{ status: 'succeeded', attempts: [{ ok: true }], output: { output: { id: 7 } } }, {}, {}],
    });
    expect(done()).toEqual(['do a', 'do b-7', 'noop']);
    const { searchAttributes } = await harness.client.workflow.getHandle(handle.workflowId).describe();
    expect(searchAttributes['RerailStatus']).toEqual(['committed']);
  });

  it('undoes everything begun, the failing one too, newest first, with what they put out', async () => {
    answers({ 'do a': () => ({ id: 7 }), 'do c': fails('no stock') });
    const undo = { kind: 'command' as const, argv: ['undo', 'a-{{ actions.a.output.output.id }}'] };
    const report = await (await start([command('a', { undo }), command('b'), command('c'), command('d')])).result();
    expect(done()).toEqual(['do a', 'do b', 'do c', 'undo c', 'undo b', 'undo a-7']);
    expect(report).toMatchObject({
      status: 'undone',
      summary: 'order undone, 3 operations undone; c: no stock',
      error: { code: 'command-failed', message: 'c: no stock' },
      operations: [{ status: 'undone' }, { status: 'undone' }, { status: 'undone' }, { status: 'not_begun' }],
      undos: [{ actionId: 'c', ok: true, attempts: 1 }, { actionId: 'b' }, { actionId: 'a' }],
    });
  });

  it('tries as often as it is told, and undoes only when that is spent', async () => {
    let left = 2;
    answers({ 'do a': () => (left-- > 0 ? fails('not yet')() : undefined) });
    const retry = { maximumAttempts: 3, initialInterval: '1ms' as const };
    expect(await (await start([command('a', { retry })])).result()).toMatchObject({
      status: 'committed',
      operations: [{ attempts: [{ ok: false, error: { message: 'not yet' } }, { ok: false }, { ok: true }] }],
    });
  });

  it('undoes when it is cancelled, after the running operation has been stopped', async () => {
    let end = (): void => undefined;
    answers({ 'do b': () => new Promise<undefined>((resolve) => (end = () => resolve(undefined))) });
    const handle = await start([command('a'), command('b'), command('c')]);
    await until(() => Promise.resolve(done().includes('do b')), 'the second operation');
    await handle.cancel();
    const asked = async () => {
      const { raw } = await harness.client.workflow.getHandle(handle.workflowId).describe();
      return Number(raw.pendingActivities?.[0]?.state) === CANCEL_REQUESTED;
    };
    await until(asked, 'the request to stop it');
    expect(done()).toEqual(['do a', 'do b']);
    end();
    expect(await handle.result()).toMatchObject({
      status: 'undone',
      cancelled: true,
      operations: [{ status: 'undone' }, { status: 'undone' }, { status: 'not_begun' }],
    });
    expect(done()).toEqual(['do a', 'do b', 'undo b', 'undo a']);
  });

  it('goes on after an undo that fails three times, and leads its report with it', async () => {
    answers({ 'do c': fails('no stock'), 'undo b': fails('the till is shut') });
    const report = await (await start([command('a'), command('b'), command('c')])).result();
    expect(done()).toEqual(['do a', 'do b', 'do c', 'undo c', 'undo b', 'undo b', 'undo b', 'undo a']);
    expect(report).toMatchObject({
      status: 'failed',
      operations: [{ status: 'undone' }, { status: 'undo_failed' }, { status: 'undone' }],
      undos: [
        { ok: true },
        { actionId: 'b', ok: false, attempts: 3, error: { message: 'the till is shut' } },
        { ok: true },
      ],
    });
    expect(report.summary).toMatch(/^the undo of b failed; order failed, 2 operations undone.*c: no stock$/);
    expect(report.nextSteps[0]).toMatch(/^Do by hand: Undo of b.*the till is shut/);
  });

  it('parks a failed undo where that is wanted, and does what the person decides', async () => {
    let broken = true;
    answers({
      'do b': fails('no stock'),
      'undo b': () => (broken ? fails('shut')() : undefined),
      'undo a': fails('gone'),
    });
    const handle = await start([command('a'), command('b')], { onUndoFailure: 'park' });
    const waits = (key: string) => until(async () => (await handle.status()).waitingFor?.key === key, key);
    await waits('decision:b');
    const by = { by: 'ada', reason: 'the till is open again' };
    expect(await failure(handle.decide({ decision: 'retry', actionId: 'a', ...by }))).toMatchObject({
      code: 'decision-refused',
      message: 'field "actionId" must be b',
    });
    broken = false;
    await handle.decide({ decision: 'retry', actionId: 'b', ...by });
    await waits('decision:a');
    await handle.decide({ decision: 'skip', actionId: 'a', by: 'bob', reason: 'done by hand' });
    expect(await handle.result()).toMatchObject({
      status: 'failed',
      undos: [
        { actionId: 'b', ok: true, attempts: 4, decisions: [{ decision: 'retry', ...by }] },
        { actionId: 'a', ok: false, decisions: [{ decision: 'skip', by: 'bob' }] },
      ],
    });
  });

  it('does nothing with a hole in it: a template without a value fails before the effect', async () => {
    const hole = { kind: 'command' as const, argv: ['do', '{{ actions.a.output.output.id }}'] };
    const report = await (await start([command('a'), command('b', { operation: hole })])).result();
    expect(done()).toEqual(['do a', 'undo a']);
    expect(report).toMatchObject({
      status: 'undone',
      error: { code: 'invalid-input', message: expect.stringContaining('actions.a.output.output.id') as string },
    });
  });

  it('says what has no undo, and what an undo could not name', async () => {
    answers({ 'do b': fails('no') });
    const undo = { kind: 'command' as const, argv: ['undo', '{{ actions.b.output.output.id }}'] };
    const { undo: _undo, ...bare } = command('a');
    const report = await (await start([bare, command('b', { undo })])).result();
    expect(report).toMatchObject({ status: 'failed', undos: [{ actionId: 'b', ok: false, attempts: 0 }] });
    expect(report.summary).toContain('a has no undo');
    expect(done()).toEqual(['do a', 'do b']);
  });

  it('is known by its key: the same content finds it, another is refused', async () => {
    const key = randomUUID();
    const first = await start([command('a')], {}, key);
    await first.result();
    expect(await start([command('a')], {}, key)).toMatchObject({ found: true, workflowId: first.workflowId });
    expect(await failure(start([command('b')], {}, key))).toMatchObject({ code: 'transaction-conflict' });
    expect(done()).toEqual(['do a']);
    expect(await failure(harness.recoveries.transactions.handle(randomUUID()).status())).toMatchObject({
      code: 'transaction-not-found',
    });
  });

  it('refuses what cannot work before anything is done', async () => {
    const late = { kind: 'command' as const, argv: ['{{ actions.b.output.x }}', '{{ inputs.no }}'] };
    expect(await failure(start([command('a', { operation: late }), command('b'), command('b')]))).toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(
        /operations\.0\.operation: \{\{ actions\.b.*\{\{ inputs\.no.*operations\.2\.id: operation "b" is there twice/,
      ) as string,
    });
    const { transactions } = harness.recoveries;
    expect(await failure(transactions.start({ name: 'x', operations: [command('a')] }))).toMatchObject({
      message: expect.stringContaining('operations.0.operation.host') as string,
    });
    expect(done()).toEqual([]);
  });

  it('takes limits and addresses from its inputs, and keeps the key of a request through its tries', async () => {
    const keys: string[] = [];
    harness.fakes['callHttp'] = ({ key }: { key: string }) => {
      keys.push(key);
      if (keys.length < 2) throw commandFailed('503');
      return { httpStatus: 200, durationMs: 1 };
    };
    const operation = { kind: 'http' as const, method: 'POST' as const, url: '{{ inputs.base }}/pay' };
    const retry = { maximumAttempts: '{{ inputs.tries }}' as never, initialInterval: '1ms' as const };
    const inputs = { base: 'http://127.0.0.1:1', tries: 2 };
    expect(await (await start([{ id: 'pay', operation, retry }], { inputs })).result()).toMatchObject({
      status: 'committed',
    });
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  it('ends at once, and is not retried for ever, where it was started past the client with nothing to do', async () => {
    const { client, taskQueue } = harness;
    for (const [type, args] of [
      ['transaction', [{}]],
      ['saga', []],
    ] as const) {
      const work = client.workflow.execute(type, { workflowId: randomUUID(), taskQueue, args: [...args] });
      await expect(work).rejects.toMatchObject({ cause: { type: 'invalid-input' } });
    }
  });
});

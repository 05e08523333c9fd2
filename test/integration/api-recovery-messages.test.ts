import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/api/contract/route.ts';
import { askApi, auditOf, createTestApi, type TestApi } from '../support/api.ts';
import { failureOf, waitsFor } from '../support/broken-target.ts';
import { commandFailed, until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { DRAIN, ESCALATE, FIX, head } from '../support/playbook-text.ts';

const STEP = (id: string): string => `    - {id: ${id}, type: run, run: {command: [${id}]}}\n`;
const PLAYBOOKS = [
  head('by-hand') + FIX,
  head('drained') + DRAIN + FIX,
  head('steps') + STEP('one') + STEP('two') + ESCALATE,
];
const harness = sharedHarness(PLAYBOOKS.join('---\n'));
const reason = 'a test';
let api: TestApi;
beforeAll(async () => {
  api = await createTestApi(harness.recoveries);
});
afterAll(() => api.close());

const ask = (who: Role, path: string) => askApi(api, who, `/api/v1${path}`);
const post = (who: Role, path: string, body: object = { reason }) => askApi(api, who, `/api/v1${path}`, { body });
const pathOf = (verb = ''): string => `/recoveries/${encodeURIComponent(harness.target)}${verb}`;
const start = async (playbook: string) => {
  const { handle } = await harness.recoveries.start(failureOf(harness), { playbook });
  return handle;
};
const commands = () => harness.calls.flatMap((call) => (call.startsWith('runCommand') ? [call.slice(11)] : []));

describe('a manual step over HTTP', () => {
  it('is completed by an operator, whose name, note and output are in the report', async () => {
    const handle = await start('by-hand');
    await waitsFor(handle, 'manual:fix');
    const verb = pathOf('/complete-manual-step');
    const body = { actionId: 'fix', note: 'changed the fuse', output: { fuse: 16 } };
    expect(await post('viewer', verb, body)).toMatchObject({ status: 403 });
    expect(await post('operator', verb, { ...body, by: 'eve' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'by' }] },
    });
    expect(await post('operator', verb, { ...body, actionId: 'other' })).toMatchObject({ status: 409 });
    expect(await post('operator', verb, body)).toMatchObject({ status: 200, body: { workflowId: handle.workflowId } });
    const output = { by: 'the-operator', note: body.note, output: body.output };
    const { actions, timeline } = await handle.result();
    expect(actions).toMatchObject([{ id: 'fix', status: 'succeeded', output }]);
    expect(timeline).toContainEqual(expect.objectContaining({ by: 'the-operator' }));
  });

  it('that was not possible is a failed action', async () => {
    const handle = await start('by-hand');
    await waitsFor(handle, 'manual:fix');
    const body = { actionId: 'fix', outcome: 'failed', note: 'no fuse left' };
    expect(await post('operator', pathOf('/complete-manual-step'), body)).toMatchObject({ status: 200 });
    await until(async () => (await handle.status()).actions[0]?.status === 'failed', 'the action to fail');
    await handle.cancel();
  });
});

describe('a kill over HTTP', () => {
  it('is for admins, undoes nothing, and says what is left', async () => {
    const handle = await start('drained');
    await waitsFor(handle, 'manual:fix');
    expect(await post('approver', pathOf('/kill'))).toMatchObject({ status: 403 });
    expect(await post('admin', pathOf('/kill'), {})).toMatchObject({ status: 400 });
    expect(await post('admin', pathOf('/kill'))).toMatchObject({
      status: 200,
      body: { workflowId: handle.workflowId, status: 'killed', left: ['drain'] },
    });
    expect(harness.calls).not.toContain('checkConnectivity');
    expect(await ask('viewer', pathOf())).toMatchObject({ status: 200, body: { open: false, status: 'killed' } });
    expect(await post('admin', pathOf('/kill'))).toMatchObject({
      status: 409,
      body: { code: 'action-not-applicable' },
    });
    expect((await auditOf(api, '/api/v1/recoveries/{id}/kill')).at(-2)).toMatchObject({ kind: 'intent', reason });
  });
});

describe('going on with a closed recovery over HTTP', () => {
  /** One that has done `one`, and was handed to people because `two` does not work. */
  async function closed() {
    let broken = true;
    harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
      if (operation.argv[0] === 'two' && broken) throw commandFailed('not yet');
      return { exitCode: 0, durationMs: 1 };
    };
    const handle = await start('steps');
    const { status, runId } = await handle.result();
    expect([status, commands()]).toEqual(['escalated', ['one', 'two']]);
    broken = false;
    harness.calls.length = 0;
    return runId;
  }
  const resultOf = (runId: unknown) => harness.recoveries.getHandle(harness.target, String(runId)).result();

  it('begins with the action that has failed', async () => {
    const earlier = await closed();
    expect(await post('viewer', pathOf('/continue'))).toMatchObject({ status: 403 });
    expect(await post('operator', pathOf('/continue'), { reason, from: 'one' })).toMatchObject({ status: 400 });
    const { status, body } = await post('operator', pathOf('/continue'));
    expect([status, body['target']]).toEqual([202, harness.target]);
    expect(body['runId']).not.toBe(earlier);
    expect(await resultOf(body['runId'])).toMatchObject({ runId: body['runId'] });
    expect(commands()).toEqual(['two']);
  });

  it('or with one of somebody’s choice', async () => {
    await closed();
    expect(await post('operator', pathOf('/fork'))).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'from' }] },
    });
    expect(await post('operator', pathOf('/fork'), { reason, from: 'never' })).toMatchObject({ status: 409 });
    const { status, body } = await post('operator', pathOf('/fork'), { reason, from: 'one' });
    expect(status).toBe(202);
    await resultOf(body['runId']);
    expect(commands().slice(0, 2)).toEqual(['one', 'two']);
  });

  it('but not with one that is open, or was never there', async () => {
    const handle = await start('by-hand');
    await waitsFor(handle, 'manual:fix');
    expect(await post('operator', pathOf('/continue'))).toMatchObject({ status: 409 });
    expect(await post('operator', '/recoveries/test%2Fnever/continue')).toMatchObject({ status: 404 });
    await handle.cancel();
  });
});

describe('circuit breakers over HTTP', () => {
  it('are held open and closed, and let go, with who and why', async () => {
    const name = `db-${harness.target.split('/')[1] ?? ''}`;
    const at = (verb = ''): string => `/breakers/${name}${verb}`;
    const stateOf = async () => (await ask('viewer', at())).body['state'];
    expect(await ask('viewer', at())).toMatchObject({ status: 404 });
    expect(await post('operator', at('/open'))).toMatchObject({ status: 403 });
    expect(await post('admin', at('/open'))).toMatchObject({ status: 200, body: { state: 'FORCED_OPEN' } });
    await until(async () => {
      const { items } = (await ask('viewer', '/breakers')).body as { items: { name: string; state: string }[] };
      return items.some((item) => item.name === name && item.state === 'FORCED_OPEN');
    }, 'it in the list');
    expect(await post('viewer', at('/close'))).toMatchObject({ status: 403 });
    const close = { reason, mode: 'METRICS_ONLY' };
    expect(await post('operator', at('/close'), close)).toMatchObject({ status: 200, body: { state: 'METRICS_ONLY' } });
    expect(await stateOf()).toBe('METRICS_ONLY');
    const reset = await post('operator', at('/reset'));
    expect(reset).toMatchObject({ status: 200, body: { state: 'CLOSED' } });
    expect(JSON.stringify(reset.body)).toContain('the-operator');
    await harness.client.workflow.getHandle(`breaker/${name}`).terminate('end of the test');
  });
});

describe('playbooks over HTTP', () => {
  it('are listed, and shown with what holds where they say nothing', async () => {
    const { items } = (await ask('viewer', '/playbooks')).body as { items: { name: string }[] };
    expect(items.map(({ name }) => name)).toContain('category-transient');
    const { status, body } = await ask('viewer', '/playbooks/category-transient');
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: 'category-transient', document: { kind: 'Playbook' } });
    expect(body['yaml']).toContain('name: category-transient');
    expect((body['actions'] as unknown[]).length).toBeGreaterThan(0);
    expect(await ask('viewer', '/playbooks/never')).toMatchObject({
      status: 404,
      body: { code: 'playbook-not-found' },
    });
  });
});

describe('the cancellation of a transaction over HTTP', () => {
  it('undoes what it has done', async () => {
    const key = `order-${harness.target.split('/')[1] ?? ''}`;
    let begun = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (begun = resolve));
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    harness.fakes['runCommand'] = async ({ operation: { argv } }: { operation: { argv: string[] } }) => {
      if (argv[0] === 'pack') {
        begun();
        await held;
      }
      return { exitCode: 0, durationMs: 1 };
    };
    const run = (name: string) => ({ kind: 'command', argv: [name] });
    const operations = [
      { id: 'pay', operation: run('pay'), undo: run('pay-back') },
      { id: 'pack', operation: run('pack') },
      { id: 'send', operation: run('send') },
    ];
    const body = { transaction: { name: 'order', operations }, key, host: harness.host, workspace: '/w' };
    const started = await post('admin', '/transactions', body);
    expect(started).toMatchObject({ status: 202 });
    await waiting;
    expect(await post('viewer', `/transactions/${key}/cancel`)).toMatchObject({ status: 403 });
    expect(await post('operator', `/transactions/${key}/cancel`)).toMatchObject({ status: 202 });
    release();
    const report = await until(async () => (await ask('viewer', `/transactions/${key}`)).body['report'], 'its end');
    expect(report).toMatchObject({ status: 'undone', cancelled: true });
    expect(commands()).toEqual(['pay', 'pack', 'pay-back']);
    expect(await post('operator', '/transactions/never/cancel')).toMatchObject({ status: 404 });
  });
});

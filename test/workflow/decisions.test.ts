import { describe, expect, it } from 'vitest';
import { failTimes, failureOf, waitsFor } from '../support/broken-target.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { head, PLAIN_RETRY } from '../support/playbook-text.ts';

const PLAYBOOKS = [
  head('parked') +
    `    - id: open
      type: run
      run: {activity: checkConnectivity, input: {port: 1}, inputSchema: {type: object, required: [port], properties: {port: {type: integer}}}}
      compensate: {activity: noop}
` +
    PLAIN_RETRY,
  head('command') + '    - {id: again, type: retry, optional: false}\n',
  head('other') + '    - {id: other, type: retry}\n',
].join('---\n');

const harness = sharedHarness(PLAYBOOKS);

const park = async (playbook: string, key: string) => {
  const { handle } = await harness.recoveries.start(failureOf(harness), { playbook });
  await waitsFor(handle, key);
  return handle;
};
const who = { by: 'ada', reason: 'I know why' };
const refused = (text: string) =>
  expect.objectContaining({ message: expect.stringContaining(text) as string }) as Error;

describe('a decision on a parked action', () => {
  it('tries again with another input when that fits the schema, and refuses one that does not', async () => {
    const inputs: unknown[] = [];
    harness.fakes['checkConnectivity'] = (input: { port: number }) => {
      inputs.push(input);
      if (input.port === 1) throw new Error('refused');
      return null;
    };
    const handle = await park('parked', 'decision:open');
    const decide = (input: unknown) =>
      handle.decide({ ...who, actionId: 'open', decision: 'retry', input: input as never });
    await expect(decide({ port: 'no' })).rejects.toEqual(refused('port'));
    await expect(decide(7)).rejects.toEqual(refused('schema'));
    expect((await handle.status()).waitingFor?.key).toBe('decision:open');
    expect(inputs).toEqual([{ port: 1 }]);
    await decide({ port: 2 });
    const report = await handle.result();
    expect(inputs).toEqual([{ port: 1 }, { port: 2 }]);
    expect(report).toMatchObject({ status: 'recovered', decisions: [{ by: 'ada', input: { port: 2 } }] });
  });

  it('takes another input of who is no admin only where a schema says what may be given', async () => {
    failTimes(harness, 1);
    const handle = await park('command', 'decision:again');
    const decide = (input: object, more: object) =>
      handle.decide({ ...who, actionId: 'again', decision: 'retry', input: input as never, ...more });
    const limit = { declaredInputOnly: true };
    await expect(decide({ argv: ['id'] }, limit)).rejects.toEqual(refused('needs the role admin'));
    await expect(decide({ timeout: '1m' }, limit)).rejects.toEqual(refused('no inputSchema'));
    await handle.decide({ ...who, actionId: 'again', decision: 'retry', declaredInputOnly: true });
    await handle.result();
    expect(harness.calls.filter((call) => call.startsWith('runCommand'))).toEqual([
      'runCommand npm test',
      'runCommand npm test',
    ]);
    harness.fakes['checkConnectivity'] = (input: { port: number }) => {
      if (input.port === 1) throw new Error('refused');
      return null;
    };
    const declared = await park('parked', 'decision:open');
    const input = { port: 2 };
    await declared.decide({ ...who, actionId: 'open', decision: 'retry', input, ...limit });
    const report = await declared.result();
    expect(report.decisions).toEqual([expect.not.objectContaining(limit)]);
    expect(report.decisions).toMatchObject([{ input }]);
  });

  it('changes single words of a command, never where it runs', async () => {
    failTimes(harness, 1);
    const handle = await park('command', 'decision:again');
    const decide = (input: object) =>
      handle.decide({ ...who, actionId: 'again', decision: 'retry', input: input as never });
    await expect(decide({ host: 'else' })).rejects.toEqual(refused('host cannot be changed'));
    await expect(decide({ argv: [] })).rejects.toEqual(refused('argv'));
    await decide({ argv: ['npm', 'test', '--', '--bail'] });
    expect((await handle.result()).status).toBe('recovered');
    expect(harness.calls.filter((call) => call.startsWith('runCommand'))).toEqual([
      'runCommand npm test',
      'runCommand npm test -- --bail',
    ]);
  });

  it('hands over to another playbook: what was begun is undone, the other plan goes on with its own hash', async () => {
    harness.fakes['checkConnectivity'] = () => {
      throw new Error('refused');
    };
    const handle = await park('parked', 'decision:open');
    const before = await handle.plan();
    const decide = (playbook?: string) =>
      handle.decide({ ...who, actionId: 'open', decision: 'handover', ...(playbook ? { playbook } : {}) });
    await expect(decide()).rejects.toEqual(refused('"playbook"'));
    await expect(decide('nobody')).rejects.toEqual(refused('nobody'));
    await decide('other');
    const report = await handle.result();
    expect(report).toMatchObject({
      status: 'recovered',
      plan: { playbook: { name: 'other' } },
      failedStrategies: [{ playbook: 'parked', planHash: before!.hash }],
      compensations: [{ actionId: 'open', ok: true }],
    });
    expect(report.plan!.hash).not.toBe(before!.hash);
  });

  it('lets only one of two persons decide at the same moment', async () => {
    failTimes(harness, 1);
    const handle = await park('command', 'decision:again');
    const answers = await Promise.allSettled([
      handle.decide({ ...who, actionId: 'again', decision: 'handover', playbook: 'other' }),
      handle.decide({ ...who, by: 'bob', actionId: 'again', decision: 'abort' }),
    ]);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await handle.result()).decisions).toHaveLength(1);
  });

  it('names every decision, and why some are not allowed', async () => {
    failTimes(harness, 9);
    const handle = await park('command', 'decision:again');
    const allowed = await handle.allowedDecisions();
    expect(allowed.filter((entry) => entry.allowed).map(({ decision }) => decision)).toEqual([
      'retry',
      'supply',
      'skip',
      'handover',
      'abort',
      'escalate',
    ]);
    expect(allowed.find(({ decision }) => decision === 'rollback')?.reason).toContain('no rollback');
    await expect(handle.decide({ ...who, actionId: 'again', decision: 'rollback' })).rejects.toEqual(
      refused('no rollback'),
    );
    await handle.decide({ ...who, actionId: 'again', decision: 'abort' });
    expect((await handle.result()).status).toBe('failed');
  });
});

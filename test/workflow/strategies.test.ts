import { describe, expect, it } from 'vitest';
import type { EscalateInput } from '../../src/activities/notify.ts';
import { failureOf } from '../support/broken-target.ts';
import { commandFailed } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { ESCALATE, FIX, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const match = (name: string, code: string, extra = 'failover: auto') =>
  head(name, extra).replace('{category: UNKNOWN}', `{code: ${code}}`);
const restart = (id: string, argv: string) =>
  `    - {id: ${id}, type: run, run: {command: [${argv}]}, compensate: {command: [undo, ${argv}]}}\n`;

const PLAYBOOKS = [
  match('first', 'E1') + restart('restart', 'one') + PLAIN_RETRY + ESCALATE,
  match('manual', 'E1') + FIX + restart('restart', 'two') + ESCALATE,
  match('same', 'E1') + restart('again', 'one') + PLAIN_RETRY,
  match('asks', 'E1', 'mode: propose\n  failover: auto') + restart('restart', 'three') + PLAIN_RETRY,
  match('second', 'E1') + restart('restart', 'four') + PLAIN_RETRY + ESCALATE,
  match('chain', 'E2', 'failover: [second]') + restart('restart', 'one') + PLAIN_RETRY + ESCALATE,
  match('alone', 'E3', 'failover: off') + PLAIN_RETRY + ESCALATE,
  match('other', 'E3') + restart('restart', 'four') + PLAIN_RETRY,
].join('---\n');

const harness = sharedHarness(PLAYBOOKS);

const commands = () =>
  harness.calls.flatMap((call) => (call.startsWith('runCommand') ? [call.slice('runCommand '.length)] : []));

/** The command of the failure works once this one has been run. */
function healedBy(argv: string | undefined): void {
  harness.fakes['runCommand'] = ({ operation }: { operation: { argv: string[] } }) => {
    if (operation.argv[0] === 'npm' && !commands().includes(argv ?? 'never')) throw commandFailed();
    return { exitCode: 0, durationMs: 1 };
  };
}

const recover = async (code: string, options: object = {}) => {
  const { handle } = await harness.recoveries.start(failureOf(harness, { code }), options);
  return handle.result();
};

describe('a plan that did not help', () => {
  it('is undone and the next playbook that needs nobody and does something new is tried', async () => {
    healedBy('four');
    const report = await recover('E1');
    expect(report).toMatchObject({
      status: 'recovered',
      plan: { playbook: { name: 'second' } },
      failedStrategies: [{ playbook: 'first', error: { code: 'command-failed' } }],
      compensations: [{ actionId: 'restart', ok: true }],
    });
    expect(commands()).toEqual(['one', 'npm test', 'undo one', 'four', 'npm test']);
    const said = report.timeline.filter(({ kind }) => kind === 'strategy').map(({ message }) => message);
    expect(said).toEqual([
      expect.stringContaining('manual is not tried: needs a person'),
      expect.stringContaining('same is not tried: does nothing that was not tried'),
      expect.stringContaining('asks is not tried: needs an approval'),
      expect.stringContaining('now second'),
    ]);
  });

  it('keeps the effects of two plans apart, though their actions have one name', async () => {
    healedBy('four');
    const keys: string[] = [];
    const run = harness.fakes['runCommand']!;
    harness.fakes['runCommand'] = (input: never) => {
      keys.push((input as { key: string }).key);
      return run(input);
    };
    await recover('E1');
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('ends in one call for help that carries everything that was tried', async () => {
    healedBy(undefined);
    const calls: EscalateInput[] = [];
    harness.fakes['escalate'] = (input: EscalateInput) => {
      calls.push(input);
      return { to: ['oncall'], evidenceFile: '/e' };
    };
    const report = await recover('E1');
    expect(report.status).toBe('escalated');
    expect(calls).toHaveLength(1);
    expect(calls[0]?.evidence).toMatchObject({
      playbook: 'second',
      failedStrategies: [{ playbook: 'first', actions: [{ id: 'restart' }, { id: 'retry', status: 'failed' }, {}] }],
    });
    expect(report.compensations.map(({ ok }) => ok)).toEqual([true, true]);
    expect(report.summary).toContain('first did not help either');
  });

  it('is followed by those it names, and by none where it says so or was asked for by name', async () => {
    healedBy('four');
    expect(await recover('E2')).toMatchObject({ status: 'recovered', failedStrategies: [{ playbook: 'chain' }] });
    expect((await recover('E3')).failedStrategies).toBeUndefined();
    expect((await recover('E1', { playbook: 'first' })).failedStrategies).toBeUndefined();
  });
});

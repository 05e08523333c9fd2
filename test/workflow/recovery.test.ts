import { describe, expect, it } from 'vitest';
import { RecoveryReportSchema } from '../../src/domain/report.schema.ts';
import { failTimes, failTimesAndProbes, failureOf, waitsFor } from '../support/broken-target.ts';
import { fakeCheckpoint } from '../support/fake-checkpoint.ts';
import { commandFailed, until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { DRAIN, ESCALATE, FIX, head, PLAIN_RETRY, RETRY } from '../support/playbook-text.ts';

const PLAYBOOKS = [
  head('retry') + RETRY + ESCALATE,
  head('skip') + RETRY + '    - {id: skip, type: skip}\n' + ESCALATE,
  head('skip-in-vain', 'verify: {probes: [{name: up, tcp: {port: 1}}], within: 10m, holdFor: 1ms, every: 1m}') +
    '    - {id: skip, type: skip}\n' +
    PLAIN_RETRY +
    ESCALATE,
  head('rollback') +
    RETRY +
    '    - {id: rollback, type: rollback, to: latest}\n    - {id: again, type: retry, retry: {maximumAttempts: 1}}\n' +
    ESCALATE,
  head('approval', 'approval: {timeout: 1h}') + RETRY,
  head('hasty-approval', 'approval: {timeout: 1ms}') + RETRY,
  head('denied-in-time', 'approval: {timeout: 1ms, onTimeout: deny}') + RETRY,
  head('two-approvals', 'approval: {required: 2, timeout: 1h}') + RETRY,
  head('manual') + FIX + PLAIN_RETRY,
  head('compensated') +
    DRAIN +
    '    - {id: stop, type: run, run: {activity: noop}, compensate: {activity: noop}}\n' +
    RETRY +
    ESCALATE,
  head('required-run') + '    - {id: broken, type: run, run: {activity: checkConnectivity}}\n' + RETRY,
  head('probed', 'verify: {probes: [{name: up, tcp: {port: 1}}], within: 1ms, every: 1ms}') + RETRY + ESCALATE,
  head('probes-decide', 'verify: {probes: [{name: up, tcp: {port: 1}}], within: 1ms, every: 1ms}') +
    '    - {id: restart, type: run, run: {activity: noop}}\n' +
    ESCALATE,
  head('observe', 'mode: observe') + RETRY,
  head('deadline', 'limits: {deadline: 50ms}') +
    '    - {id: drain, type: run, run: {activity: noop}, compensate: {activity: noop}}\n' +
    FIX,
  head('three') +
    ['a', 'b'].map((id) => `    - {id: ${id}, type: run, run: {activity: noop}}\n`).join('') +
    '    - {id: c, type: retry}\n',
].join('---\n');

const harness = sharedHarness(PLAYBOOKS);

const start = (playbook: string, extra: object = {}) =>
  harness.recoveries.start(failureOf(harness, extra), { playbook });

describe('a recovery that works', () => {
  it('is recovered by the retry that works, and says how often it was tried', async () => {
    failTimes(harness, 2);
    const { handle } = await start('retry');
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'recovered', resolvedBy: 'retry' });
    expect(report.verification).toMatchObject({ verified: true, how: 'operation' });
    expect(report.actions.map(({ status }) => status)).toEqual(['succeeded', 'not_needed']);
    expect(report.actions[0]?.attempts.map(({ ok }) => ok)).toEqual([false, false, true]);
    expect(harness.calls.filter((call) => call.startsWith('runCommand'))).toHaveLength(3);
  });

  it('is partial when the step is skipped', async () => {
    failTimes(harness, 99);
    const { handle } = await start('skip');
    expect(await handle.result()).toMatchObject({ status: 'partial', resolvedBy: 'skip' });
  });

  it('looks once whether a skip has helped, where something else is still to be tried', async () => {
    failTimesAndProbes(harness, 0);
    const { handle } = await start('skip-in-vain');
    expect(await handle.result()).toMatchObject({ status: 'recovered', resolvedBy: 'retry' });
    expect((await handle.timeline()).map(({ message }) => message)).toContain('skip did not bring it back');
  });

  it('rolls back and runs again', async () => {
    failTimes(harness, 3);
    harness.checkpoints.push({ ...fakeCheckpoint('cp_00000000000000000000000001'), host: harness.host });
    const { handle } = await start('rollback', { subject: 'run/x/1' });
    const report = await handle.result();
    expect(report.status).toBe('recovered');
    expect(report.restored).toMatchObject({
      checkpointId: 'cp_00000000000000000000000001',
      backupId: expect.stringMatching(/^cp_/) as string,
    });
    const order = harness.calls.filter((call) => !call.startsWith('makePlan'));
    expect(order.indexOf('restoreCheckpoint')).toBeLessThan(order.lastIndexOf('runCommand npm test'));
  });

  it('needs the probes to pass as well, where there are some', async () => {
    harness.fakes['runProbe'] = () => ({
      name: 'up',
      kind: 'tcp',
      passed: false,
      observed: 'ECONNREFUSED',
      durationMs: 1,
      at: '',
    });
    const { handle } = await start('probed');
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'escalated', verification: { verified: false, how: 'none' } });
  });

  it('is decided by the probes when there is no operation to try again', async () => {
    const { handle } = await start('probes-decide', { operation: undefined });
    expect(await handle.result()).toMatchObject({ status: 'recovered', resolvedBy: 'probes' });
  });
});

describe('approval', () => {
  it('starts nothing before it is given, and works by update', async () => {
    const { handle } = await start('approval');
    await waitsFor(handle, 'approval');
    expect(harness.calls.filter((call) => call.startsWith('runCommand'))).toEqual([]);
    const plan = await handle.plan();
    await expect(handle.approve({ planHash: 'deadbeef', by: 'ada' })).rejects.toMatchObject({
      code: 'approval-refused',
    });
    await expect(handle.approve({ planHash: 'short', by: 'ada' })).rejects.toMatchObject({ code: 'invalid-input' });
    await handle.approve({ planHash: plan!.hash, by: 'ada', reason: 'looks right' });
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'recovered' });
    expect(report.approvals).toMatchObject([
      { verdict: 'approved', by: 'ada', via: 'update', authenticated: false, planHash: plan!.hash },
    ]);
  });

  it('works by signal with a hash prefix; a wrong signal is refused in the timeline and changes nothing', async () => {
    const { handle } = await start('approval');
    await waitsFor(handle, 'approval');
    const plan = await handle.plan();
    const raw = harness.client.workflow.getHandle(handle.workflowId);
    await raw.signal('approve', { planHash: 'deadbeef', by: 'eve' });
    await raw.signal('approve', 'nonsense');
    await raw.signal('deny', { planHash: plan!.hash, by: 'eve' });
    await until(
      async () => (await handle.timeline()).filter(({ kind }) => kind === 'refused').length === 3,
      'three refusals',
    );
    expect((await handle.status()).status).toBe('awaiting_approval');
    await handle.signalApproval({ planHash: plan!.hash.slice(0, 8), by: 'ada' });
    expect(await handle.result()).toMatchObject({ status: 'recovered', approvals: [{ by: 'ada', via: 'signal' }] });
  });

  it('ends failed when it is denied, with nothing done', async () => {
    const { handle } = await start('approval');
    await waitsFor(handle, 'approval');
    const plan = await handle.plan();
    await handle.deny({ planHash: plan!.hash, by: 'ada', reason: 'not at night' });
    expect(await handle.result()).toMatchObject({ status: 'failed', error: { code: 'approval-denied' } });
    expect(harness.calls.filter((call) => call.startsWith('runCommand'))).toEqual([]);
  });

  it('escalates when nobody decides, or denies where the playbook says so', async () => {
    const first = await start('hasty-approval');
    expect(await first.handle.result()).toMatchObject({ status: 'escalated', error: { code: 'timed-out' } });
    const second = await start('denied-in-time');
    expect(await second.handle.result()).toMatchObject({ status: 'failed', error: { code: 'approval-denied' } });
  });

  it('takes two different people where two are asked for', async () => {
    const { handle } = await start('two-approvals');
    await waitsFor(handle, 'approval');
    const { hash: planHash } = (await handle.plan())!;
    await handle.approve({ planHash, by: 'ada' });
    await expect(handle.approve({ planHash, by: 'ada' })).rejects.toMatchObject({ code: 'approval-refused' });
    await handle.approve({ planHash, by: 'bob' });
    expect(await handle.result()).toMatchObject({ status: 'recovered' });
  });
});

describe('people', () => {
  it('complete a manual step once', async () => {
    const { handle } = await start('manual');
    await waitsFor(handle, 'manual:fix');
    await expect(handle.completeManualStep({ actionId: 'retry', by: 'ada' })).rejects.toMatchObject({
      code: 'decision-refused',
    });
    await handle.completeManualStep({ actionId: 'fix', by: 'ada', note: 'done' });
    const report = await handle.result();
    expect(report.status).toBe('recovered');
    expect(report.actions[0]?.output).toMatchObject({ by: 'ada', note: 'done' });
  });

  it('decide on an action that nobody planned to fail', async () => {
    harness.fakes['checkConnectivity'] = () => {
      throw commandFailed('no');
    };
    const { handle } = await start('required-run');
    await waitsFor(handle, 'decision:broken');
    const allowed = await handle.allowedDecisions();
    expect(allowed.find(({ decision }) => decision === 'rollback')).toMatchObject({
      allowed: false,
      reason: expect.any(String) as string,
    });
    const decide = (decision: 'skip' | 'rollback') =>
      handle.decide({ decision, actionId: 'broken', by: 'ada', reason: 'seen' });
    await expect(decide('rollback')).rejects.toMatchObject({ code: 'decision-refused' });
    await decide('skip');
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'recovered', decisions: [{ decision: 'skip', by: 'ada' }] });
    expect(report.actions[0]?.status).toBe('skipped');
  });

  it('pause before the next action and resume', async () => {
    const { handle } = await start('manual');
    await waitsFor(handle, 'manual:fix');
    await handle.pause({ by: 'ada', reason: 'deploy freeze' });
    await handle.completeManualStep({ actionId: 'fix', by: 'ada' });
    await until(async () => (await handle.status()).status === 'paused', 'the pause');
    expect(harness.calls.filter((call) => call.startsWith('runCommand'))).toEqual([]);
    await handle.resume({ by: 'ada', reason: 'freeze is over' });
    expect(await handle.result()).toMatchObject({ status: 'recovered' });
  });
});

describe('compensation', () => {
  it('runs in reverse when nothing helps, before a person is called', async () => {
    failTimes(harness, 99);
    const { handle } = await start('compensated');
    const report = await handle.result();
    expect(report.status).toBe('escalated');
    expect(report.compensations.map(({ actionId, ok }) => [actionId, ok])).toEqual([
      ['stop', true],
      ['drain', true],
    ]);
    expect(report.actions.map(({ status }) => status)).toEqual(['compensated', 'compensated', 'failed', 'succeeded']);
    expect(harness.calls.indexOf('checkConnectivity')).toBeLessThan(harness.calls.indexOf('escalate'));
  });

  it('does not run when the failure is gone', async () => {
    const { handle } = await start('compensated');
    expect(await handle.result()).toMatchObject({ status: 'recovered', compensations: [] });
  });

  it('that fails waits for a person, lets the others run and heads the report', async () => {
    failTimes(harness, 99);
    harness.fakes['checkConnectivity'] = () => {
      throw commandFailed('the undo broke');
    };
    const { handle } = await start('compensated');
    await waitsFor(handle, 'decision:drain');
    await handle.decide({ decision: 'skip', actionId: 'drain', by: 'ada', reason: 'by hand' });
    const report = await handle.result();
    expect(report.compensations.map(({ ok }) => ok)).toEqual([true, false]);
    expect(report.summary).toMatch(/^1 undo failed/);
    expect(report.actions[0]?.status).toBe('compensation_failed');
  });

  it('runs on cancellation, also while waiting for a person', async () => {
    let release: (value: unknown) => void = () => undefined;
    harness.fakes['runCommand'] = () => new Promise((resolve) => (release = resolve));
    const { handle } = await start('compensated');
    await until(async () => harness.calls.includes('runCommand npm test'), 'the retry');
    await handle.cancel();
    const report = await handle.result();
    release({ exitCode: 0, durationMs: 1 });
    expect(report.status).toBe('cancelled');
    expect(report.compensations.map(({ ok }) => ok)).toEqual([true, true]);
  });
});

describe('limits', () => {
  it('a deadline undoes and escalates', async () => {
    const { handle } = await start('deadline');
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'escalated', error: { code: 'timed-out' } });
    expect(report.compensations).toHaveLength(1);
  });

  it('observe does nothing and says so', async () => {
    const { handle } = await start('observe');
    expect(await handle.result()).toMatchObject({ status: 'escalated', actions: [{ status: 'cancelled' }] });
    expect(harness.calls).toEqual(['makePlan']);
  });

  it('a plan that cannot be made is escalated with the reason', async () => {
    const { handle } = await start('no-such-playbook');
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'escalated' });
    expect(report.error?.message).toContain('no-such-playbook');
  });
});

describe('the report', () => {
  it.each(['retry', 'compensated', 'probed', 'no-such-playbook'])('of %s fits its schema', async (playbook) => {
    failTimes(harness, 1);
    const { handle } = await start(playbook);
    const report = await handle.result();
    expect(RecoveryReportSchema.parse(report)).toEqual(report);
  });
});

describe('a second report for the same target', () => {
  it('joins the open recovery and is listed in it', async () => {
    const first = await start('manual');
    await waitsFor(first.handle, 'manual:fix');
    const second = await start('retry', { message: 'and again' });
    expect(second).toMatchObject({ joined: true, runId: first.runId });
    await first.handle.completeManualStep({ actionId: 'fix', by: 'ada' });
    const report = await first.handle.result();
    expect(report.joined).toMatchObject([{ message: 'and again' }]);
    const third = await start('retry');
    expect(third.joined).toBe(false);
    await third.handle.result();
  });
});

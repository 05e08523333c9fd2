import { expect, describe, it, onTestFinished } from 'vitest';
import type { DrillSuiteReport } from '../../src/domain/drill-suite.ts';
import { drillSuiteId } from '../../src/domain/wire-names.ts';
import { toDrilled } from '../../src/planner/describe-playbook.ts';
import { sha256 } from '../../src/process/digests.ts';
import { breakable, startSuite } from '../replay/drill-paths.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { parsePlaybooks } from '../support/parse-playbooks.ts';
import { head, RETRY } from '../support/playbook-text.ts';

const QUICK = 'verify: {within: 1ms, holdFor: 0s, every: 1ms}';
const harness = sharedHarness(head('retry', QUICK) + RETRY);

/** Of this test alone: what an earlier one has left behind is not heard. */
const name = (word: string): string => `${word}-${harness.target.replace('test/', '')}`;
const definitions = (...words: string[]) => {
  const spec = breakable(harness, 'retry');
  return words.map((word) => ({ name: name(word), spec }));
};

describe('a suite of drills', () => {
  it('runs them one after the other, and goes on in a new history where there are many', async () => {
    const handle = await startSuite(harness, { definitions: definitions('one', 'two', 'three'), drillsPerRun: 2 });
    const report = await handle.result();
    expect(report).toMatchObject({ verdict: 'passed', regressions: [], notRun: [], problems: [], told: 0 });
    expect(report.drills.map((drill) => drill.name)).toEqual(['one', 'two', 'three'].map(name));
    for (const drill of report.drills) {
      expect(drill).toMatchObject({ verdict: 'passed', playbook: 'retry' });
      expect(drill.playbookDigest).toMatch(/^[0-9a-f]{64}$/);
      expect(drill.planHash).toMatch(/^[0-9a-f]{64}$/);
    }
    const ended = await Promise.all(
      report.drills.map(({ workflowId }) => harness.client.workflow.getHandle(workflowId).describe()),
    );
    ended.forEach(({ startTime }, index) => {
      const before = ended[index - 1]?.closeTime;
      if (before) expect(startTime.getTime()).toBeGreaterThanOrEqual(before.getTime());
    });
    expect(new Set(ended.map(({ parentExecution }) => parentExecution?.runId)).size).toBe(2);
    expect(report.past[name('one')]).toEqual({ verdict: 'passed', ttrsMs: [report.drills[0]?.ttrMs] });
  });

  it('is scheduled, is started by hand only alone, and tells what has become worse since the one before', async () => {
    const { drillSuites } = harness.recoveries;
    const { host } = harness;
    onTestFinished(() => drillSuites.remove(host));
    const one = definitions('daily');
    const made = await drillSuites.schedule({ host, definitions: one, cron: '0 4 * * *', timezone: 'Europe/Berlin' });
    expect(made).toMatchObject({ paused: false, definitions: [name('daily')], names: [] });
    expect(made.times).toEqual({ cron: '0 4 * * *', timezone: 'Europe/Berlin' });
    expect(made.next).toHaveLength(3);
    // Other tests have run suites on this host as well.
    const known = new Set((await drillSuites.list({ host })).map(({ workflowId }) => workflowId));
    const ran = async (count: number): Promise<DrillSuiteReport> => {
      const closed = async () =>
        (await drillSuites.list({ host })).filter((one) => one.closedAt !== null && !known.has(one.workflowId));
      await until(async () => (await closed()).length === count, `${count} suites`);
      return (await drillSuites.report((await closed())[0]?.workflowId ?? '')).report;
    };
    await drillSuites.trigger(host);
    expect(await ran(1)).toMatchObject({ verdict: 'passed', regressions: [] });
    // The fault is not mended any more.
    harness.fakes['runCommand'] = () => ({ exitCode: 0, stdout: '', stderr: '', durationMs: 1 });
    const spec = { ...one[0]!.spec, objectives: { ...one[0]!.spec.objectives, rto: '1s' as const } };
    const again = await drillSuites.schedule({ host, definitions: [{ name: name('daily'), spec }], every: '12h' });
    expect(again.times).toEqual({ every: '12h' });
    await drillSuites.trigger(host);
    await drillSuites.trigger(host);
    const worse = await ran(2);
    expect(worse).toMatchObject({ verdict: 'failed', told: 1, regressions: [{ kind: 'verdict' }] });
    expect(worse.regressions[0]?.message).toContain('had passed before');
    const [newest] = await drillSuites.list({ host });
    expect(newest).toMatchObject({ verdict: 'failed', passed: 0, failed: 1, regressions: 1 });
    await drillSuites.pause(host, 'for a while');
    expect(await drillSuites.show(host)).toMatchObject({ paused: true, note: 'for a while', next: [] });
    await drillSuites.resume(host);
    expect(await drillSuites.show(host)).toMatchObject({ paused: false });
  });

  it('refuses times that nobody can read, and a host without a schedule', async () => {
    const { drillSuites } = harness.recoveries;
    const host = name('nowhere');
    const refusals = [
      [() => drillSuites.schedule({ host, cron: 'every day' }), 'invalid-input', '--cron'],
      [
        () => drillSuites.schedule({ host, cron: '0 4 * * *', timezone: 'Nowhere/At-All' }),
        'invalid-input',
        '--timezone',
      ],
      [() => drillSuites.schedule({ host, cron: '0 4 * * *', every: '1h' }), 'invalid-input', ''],
      [() => drillSuites.show(host), 'drill-not-found', 'rerail drill schedule'],
      [() => drillSuites.pause(host, 'why'), 'drill-not-found', 'rerail drill schedule'],
      [() => drillSuites.report('drill-suite/never'), 'drill-not-found', 'rerail drill suite list'],
    ] as const;
    for (const [work, code, remedy] of refusals) {
      const error = await work().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code });
      expect((error as { remedy?: string }).remedy).toContain(remedy);
    }
  });

  it('goes on after a drill that was ended from outside, and names what is no drill', async () => {
    const spec = breakable(harness, 'retry', async () => {
      const [open] = await harness.recoveries.drills.list({ name: name('killed') });
      if (open?.verdict === 'running') await harness.client.workflow.getHandle(open.workflowId).terminate('a test');
    });
    const both = ['killed', 'after'].map((word) => ({ name: name(word), spec }));
    const handle = await startSuite(harness, { names: ['no-such-drill'], definitions: both });
    const report = await handle.result();
    expect(report.drills.map(({ verdict }) => verdict)).toEqual(['aborted', 'passed']);
    expect(report.notRun).toEqual([{ name: 'no-such-drill', reason: expect.stringContaining('no built-in drill') }]);
    expect(report.verdict).toBe('failed');
  });

  it('waits for the clean-up of the drill under way when it is cancelled, and compares only what was done', async () => {
    let release = (): void => undefined;
    let hangs = false;
    const spec = breakable(harness, 'retry', () => {
      hangs = true;
      return new Promise<void>((resolve) => (release = resolve));
    });
    const both = ['hangs', 'never'].map((word) => ({ name: name(word), spec }));
    const handle = await startSuite(harness, { definitions: both });
    await until(() => Promise.resolve(hangs), 'the command of the first drill');
    await handle.cancel();
    release();
    const report = await handle.result();
    expect(report).toMatchObject({ verdict: 'aborted', drills: [], regressions: [] });
    expect(report.notRun.map((one) => one.name)).toEqual(['hangs', 'never'].map(name));
    expect(harness.calls).toContain('removeSandbox');
    expect(report.workflowId.startsWith(drillSuiteId(harness.host))).toBe(true);
  });
});

describe('a drill that passes', () => {
  it('is a proof of its playbook as it was then, in the list of executions', async () => {
    const [given] = definitions('proof');
    const { drills } = harness.recoveries;
    const report = await (await drills.start({ ...given!, host: harness.host })).result();
    const digest = report.recovery?.playbookDigest ?? '';
    const mine = async () => (await drills.proofs()).find(({ workflowId }) => workflowId === report.workflowId);
    await until(async () => (await mine()) !== undefined, 'the drill in the list');
    expect(await mine()).toMatchObject({ playbook: 'retry', digest });
    const found = [await mine()].flatMap((proof) => (proof ? [proof] : []));
    const [playbook] = parsePlaybooks(head('retry', QUICK) + RETRY);
    const [changed] = parsePlaybooks(head('retry', QUICK) + RETRY.replace('id: retry', 'id: other'));
    const mark = (one = playbook) => toDrilled(one ? [one] : [], found, sha256)[0]?.drill.state;
    expect([mark(), mark(changed)]).toEqual(['passed', 'changed']);
  });
});

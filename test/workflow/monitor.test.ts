import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LARGEST_BYTES } from '../../src/client/monitors.ts';
import { MonitorSchema } from '../../src/domain/monitor.schema.ts';
import { monitorOf, type MonitorHealth } from '../../src/domain/monitor.ts';
import { monitorId, recoveryId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import { until } from '../support/harness.ts';
import { holdPlans } from '../support/hold-plans.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { head, ESCALATE } from '../support/playbook-text.ts';
import { failure } from '../support/rejection.ts';

const harness = sharedHarness(head('heal') + '    - {id: mend, type: run, run: {command: [mend]}}\n' + ESCALATE);
const hand = { by: 'ada', reason: 'a test' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rerail-monitor-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = (): string => harness.target.replace('/', '-');
const fileOf = (): string => path.join(folder, nameOf());

/** One check that passes while a file is there. */
const definition = (spec: object = {}, check: object = {}) => ({
  apiVersion: 'rerail/v1',
  kind: 'Monitor',
  metadata: { name: nameOf() },
  spec: {
    target: harness.target,
    hold: '1ms',
    cooldown: '1ms',
    checks: [{ name: 'up', probe: { file: { path: fileOf() } }, periodSeconds: 0.1, ...check }],
    ...spec,
  },
});

const start = (spec: object = {}, check: object = {}): Promise<MonitorHealth> =>
  harness.recoveries.monitors.start(definition(spec, check), { ...hand, defaultHost: harness.host });

const health = (): Promise<MonitorHealth> => harness.recoveries.monitors.health(nameOf());
const seen = (what: string, holds: (health: MonitorHealth) => boolean): Promise<MonitorHealth> =>
  until(async () => {
    const now = await health();
    return holds(now) && now;
  }, what);

const one = ({ targets }: MonitorHealth) => targets[0]!;
const stop = () => harness.recoveries.monitors.stop(nameOf(), hand);
const well = (): void => writeFileSync(fileOf(), '');
const ill = (): void => rmSync(fileOf(), { force: true });
const runsOf = async (workflowId: string): Promise<string[]> => {
  const runs: string[] = [];
  const query = `WorkflowId = '${workflowId}'`;
  for await (const { runId } of harness.client.workflow.list({ query })) runs.push(runId);
  return runs;
};

const recoveryRuns = (): Promise<string[]> => runsOf(recoveryId(harness.target));

describe('a health monitor', () => {
  it('starts one recovery after failures in a row, which heals, and none while one is open', async () => {
    well();
    await start();
    await seen('healthy', ({ state }) => state === 'healthy');
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    harness.fakes['runCommand'] = async () => {
      await held;
      well();
      return { exitCode: 0, stdout: '', stderr: '', durationMs: 1 };
    };
    ill();
    const open = one(await seen('a recovery', (now) => one(now).openRecovery !== null));
    expect(open).toMatchObject({ state: 'unhealthy', startsInInterval: 1 });
    expect(open.openRecovery).toMatchObject({ recoveryId: recoveryId(harness.target), joined: false });
    expect(open.checks[0]!.failuresInRow).toBeGreaterThanOrEqual(3);
    // Many more failures, and still the same recovery.
    const later = await harness.recoveries.monitors.checkNow(nameOf(), hand);
    expect(one(later).openRecovery).toEqual(open.openRecovery);
    release();
    const healed = one(await seen('the end', (now) => one(now).lastRecovery !== null && one(now).state === 'healthy'));
    expect(healed.openRecovery).toBeNull();
    expect(await recoveryRuns()).toHaveLength(1);
    const report = await harness.recoveries.getHandle(harness.target).result();
    expect(report.failure).toMatchObject({
      source: { kind: 'monitor', name: nameOf() },
      labels: { monitor: nameOf(), check: 'up' },
      causes: [{ name: 'up' }],
      probes: [{ name: 'up', host: harness.host }],
    });
    await stop();
    await until(
      async () => (await health().catch(({ code }: { code: string }) => code)) === 'monitor-not-found',
      'its end',
    );
  });

  it('looks again after a recovery before it starts another, however seldom it looks', async () => {
    ill();
    harness.fakes['runCommand'] = () => {
      well();
      return Promise.resolve({ exitCode: 0, stdout: '', stderr: '', durationMs: 1 });
    };
    await start({}, { periodSeconds: 600, failureThreshold: 1 });
    await harness.recoveries.monitors.checkNow(nameOf(), hand);
    const healed = one(await seen('the end', (now) => one(now).lastRecovery !== null && one(now).state === 'healthy'));
    expect(healed).toMatchObject({ startsInInterval: 1, openRecovery: null });
    expect(await recoveryRuns()).toHaveLength(1);
    await stop();
  });

  it('ends in escalated at the start limit, calls people once, and goes on after a reset', async () => {
    ill();
    await start({ startLimit: { burst: 2, interval: '1h' } }, { failureThreshold: 1 });
    const given = one(
      await seen('escalated', (now) => one(now).escalatedSince !== null && harness.calls.includes('callPeople')),
    );
    expect(given).toMatchObject({ startsInInterval: 2, state: 'unhealthy' });
    await until(async () => (await recoveryRuns()).length === 2, 'both in the list');
    await harness.recoveries.monitors.checkNow(nameOf(), hand);
    expect(await recoveryRuns()).toHaveLength(2);
    expect(harness.calls.filter((call) => call === 'callPeople')).toHaveLength(1);
    expect(
      (await harness.recoveries.monitors.resetTarget(nameOf(), { ...hand, target: harness.target })).changes.at(-1),
    ).toMatchObject({
      what: `reset ${harness.target}`,
      ...hand,
    });
    await seen('another start', (now) => one(now).startsInInterval >= 1);
    await stop();
  });

  it('starts nothing in maintenance, and does when it ends', async () => {
    well();
    await start();
    await seen('healthy', ({ state }) => state === 'healthy');
    const { monitors } = harness.recoveries;
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    expect(
      await failure(monitors.maintenance(nameOf(), { ...hand, mode: 'on', until: new Date(0).toISOString() })),
    ).toMatchObject({
      code: 'invalid-input',
    });
    await monitors.maintenance(nameOf(), { ...hand, mode: 'on', until: tomorrow });
    ill();
    const shown = one(await seen('ill', (now) => one(now).state === 'unhealthy'));
    expect(shown).toMatchObject({ openRecovery: null, lastRecovery: null, maintenance: { by: 'ada' } });
    await monitors.checkNow(nameOf(), hand);
    expect(one(await health())).toMatchObject({ openRecovery: null, lastRecovery: null });
    await monitors.maintenance(nameOf(), { ...hand, mode: 'off' });
    await seen('a start', (now) => one(now).startsInInterval > 0);
    await stop();
  });

  it('keeps counts of checks that stay when it is configured, and asks for who and why', async () => {
    ill();
    await start({}, { failureThreshold: 1000 });
    const before = await seen('failures', (now) => now.host.state !== 'lost');
    expect(before.state).toBe('unknown');
    await harness.recoveries.monitors.checkNow(nameOf(), hand);
    await harness.recoveries.monitors.checkNow(nameOf(), hand);
    const counted = one(await health()).checks[0]!.failuresInRow;
    expect(counted).toBeGreaterThanOrEqual(2);
    const given = definition({}, { failureThreshold: 999 });
    given.spec.checks.push({ ...given.spec.checks[0]!, name: 'new' });
    const after = await harness.recoveries.monitors.start(given, { ...hand, defaultHost: harness.host });
    expect(one(after).checks[0]!.failuresInRow).toBeGreaterThanOrEqual(counted);
    expect(one(after).checks[1]).toMatchObject({ name: 'new', failuresInRow: 0 });
    expect(after.changes.at(-1)).toMatchObject({ what: 'configured', ...hand });
    const same = await harness.recoveries.monitors.start(given, { ...hand, defaultHost: harness.host });
    expect(same.changes).toHaveLength(after.changes.length);
    expect(
      await failure(harness.recoveries.monitors.start(given, { by: '', reason: '', defaultHost: 'h' })),
    ).toMatchObject({
      code: 'invalid-input',
    });
    await stop();
  });

  it('carries everything into a new history', async () => {
    well();
    const monitor = monitorOf(MonitorSchema.parse(definition()), harness.host);
    const handle = await harness.client.workflow.start(WORKFLOW_TYPES.healthMonitor, {
      workflowId: monitorId(nameOf()),
      taskQueue: harness.taskQueue,
      args: [{ monitor, continueAfter: 1, watchMs: 300 }],
    });
    await harness.recoveries.monitors.maintenance(nameOf(), {
      ...hand,
      mode: 'on',
      until: new Date(Date.now() + 86_400_000).toISOString(),
    });
    await until(async () => (await handle.describe()).runId !== handle.firstExecutionRunId, 'a new run');
    const now = await seen('healthy', ({ state }) => state === 'healthy');
    expect(one(now).maintenance).toMatchObject({ by: 'ada' });
    expect(now.changes).toHaveLength(1);
    await stop();
  });

  it('carries the largest definition into a new history', async () => {
    well();
    const check = (index: number, message: string) => ({
      ...{ name: `check-${index}`, target: `service/${nameOf()}-${index}`, probe: { file: { path: fileOf() } } },
      failure: { message },
    });
    const checks = (letters: number) => Array.from({ length: 1000 }, (_, i) => check(i, 'x'.repeat(letters)));
    const made = (letters: number) =>
      monitorOf(MonitorSchema.parse(definition({ checks: checks(letters) })), harness.host);
    const size = (letters: number): number => JSON.stringify(made(letters)).length;
    const letters = 1 + Math.floor((LARGEST_BYTES - size(1)) / 1000);
    expect(LARGEST_BYTES - size(letters)).toBeLessThan(1000);
    const handle = await harness.client.workflow.start(WORKFLOW_TYPES.healthMonitor, {
      workflowId: monitorId(nameOf()),
      taskQueue: harness.taskQueue,
      args: [{ monitor: made(letters), continueAfter: 1, watchMs: 2000 }],
    });
    await until(async () => (await handle.describe()).runId !== handle.firstExecutionRunId, 'a new run');
    await seen('healthy', ({ state, targets }) => state === 'healthy' && targets.length === 1000);
    await stop();
  });

  it('forgets the recovery of its lost host when that has ended, and starts no other for the same loss', async () => {
    const elsewhere = `gone-${nameOf()}`;
    const lostHost = recoveryId(`host/${elsewhere}`);
    const letGo = holdPlans(harness);
    await start({ host: elsewhere, hostTimeout: '1s' });
    const { host } = await seen('lost', (now) => now.host.openRecovery !== null);
    expect(host.lastRecovery).toBeNull();
    await harness.client.workflow.getHandle(lostHost).terminate();
    letGo();
    const ended = await seen('its end', (now) => now.host.lastRecovery !== null);
    expect(ended.host).toMatchObject({ state: 'lost', openRecovery: null });
    expect(ended.host.lastRecovery).toMatchObject({
      recoveryId: lostHost,
      recoveryRunId: host.openRecovery?.recoveryRunId,
    });
    // A change makes the monitor go through all that it could do.
    const until = new Date(Date.now() + 86_400_000).toISOString();
    await harness.recoveries.monitors.maintenance(nameOf(), { ...hand, mode: 'on', until });
    expect((await health()).host).toEqual(ended.host);
    well();
    await start();
    const back = await seen('its host', (now) => now.host.state === 'watching');
    expect(back.host).toMatchObject({ openRecovery: null, lastRecovery: null });
    await stop();
    expect(await runsOf(lostHost)).toHaveLength(1);
  });

  it('knows nothing without its host, reports that, and goes on when it is back', async () => {
    const elsewhere = `away-${nameOf()}`;
    const letGo = holdPlans(harness);
    await start({ host: elsewhere, hostTimeout: '1s' });
    const lost = await seen('lost', ({ host }) => host.openRecovery !== null);
    expect(lost).toMatchObject({ state: 'unknown', host: { name: elsewhere, state: 'lost' } });
    expect(lost.host.openRecovery?.recoveryId).toBe(recoveryId(`host/${elsewhere}`));
    well();
    await start();
    await seen('healthy', ({ state, host }) => state === 'healthy' && host.state === 'watching');
    await stop();
    await harness.client.workflow.getHandle(recoveryId(`host/${elsewhere}`)).terminate();
    letGo();
  });
});

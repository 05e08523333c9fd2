import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MonitorSchema } from '../../src/domain/monitor.schema.ts';
import { monitorOf, type MonitorHealth } from '../../src/domain/monitor.ts';
import { monitorId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import type { HealthMonitorInput } from '../../src/workflows/health-monitor.ts';
import { until, type Harness } from '../support/harness.ts';
import { holdPlans } from '../support/hold-plans.ts';

const BY = { by: 'ada', reason: 'a test' };

interface Scene {
  name: string;
  file: string;
  break: () => void;
  mend: () => void;
  definition: (spec?: object) => object;
  seen: (what: string, holds: (target: MonitorHealth['targets'][number]) => boolean) => Promise<unknown>;
}

/** A monitor of one file, which is there or not; the folder goes with the scene. */
async function onFile(harness: Harness, play: (scene: Scene) => Promise<string>): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'rerail-monitor-path-'));
  const file = path.join(folder, 'up');
  const { target, recoveries } = harness;
  const name = target.replace('/', '-');
  try {
    return await play({
      name,
      file,
      break: () => rmSync(file, { force: true }),
      mend: () => writeFileSync(file, ''),
      definition: (spec = {}) => ({
        apiVersion: 'rerail/v1',
        kind: 'Monitor',
        metadata: { name },
        spec: {
          target,
          hold: '1ms',
          cooldown: '1ms',
          checks: [{ name: 'up', probe: { file: { path: file } }, periodSeconds: 0.1, failureThreshold: 2 }],
          ...spec,
        },
      }),
      seen: (what, holds) =>
        until(async () => {
          const [first] = (await recoveries.monitors.health(name)).targets;
          return first !== undefined && holds(first);
        }, what),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ended = async ({ client }: Harness, name: string): Promise<string> => {
  await client.workflow.getHandle(monitorId(name)).result();
  return monitorId(name);
};

export const MONITOR_PATHS: { name: string; play: (harness: Harness) => Promise<string> }[] = [
  {
    name: 'monitor-recovers-and-is-changed',
    play: (harness) =>
      onFile(harness, async (scene) => {
        const { monitors } = harness.recoveries;
        const { name } = scene;
        scene.mend();
        await monitors.start(scene.definition(), { ...BY, defaultHost: harness.host });
        await scene.seen('healthy', ({ state }) => state === 'healthy');
        scene.break();
        await scene.seen('a recovery', ({ startsInInterval }) => startsInInterval > 0);
        scene.mend();
        await scene.seen('its end', ({ state, lastRecovery }) => state === 'healthy' && lastRecovery !== null);
        await monitors.maintenance(name, { ...BY, mode: 'on', until: new Date(Date.now() + 3_600_000).toISOString() });
        await monitors.checkNow(name, BY);
        await monitors.start(scene.definition({ cooldown: '5s' }), { ...BY, defaultHost: harness.host });
        await monitors.maintenance(name, { ...BY, mode: 'off' });
        await monitors.stop(name, BY);
        return ended(harness, name);
      }),
  },
  {
    name: 'monitor-looks-again-after-recovery',
    play: (harness) =>
      onFile(harness, async (scene) => {
        const checks = [{ name: 'up', probe: { file: { path: scene.file } }, periodSeconds: 600, failureThreshold: 1 }];
        await harness.recoveries.monitors.start(scene.definition({ checks }), { ...BY, defaultHost: harness.host });
        await scene.seen('a recovery', ({ startsInInterval }) => startsInInterval > 0);
        scene.mend();
        await scene.seen('its end', ({ state, lastRecovery }) => state === 'healthy' && lastRecovery !== null);
        await harness.recoveries.monitors.stop(scene.name, BY);
        return ended(harness, scene.name);
      }),
  },
  {
    name: 'monitor-escalates-and-is-reset',
    play: (harness) =>
      onFile(harness, async (scene) => {
        const { monitors } = harness.recoveries;
        const { name } = scene;
        const spec = { startLimit: { burst: 1, interval: '1h' } };
        await monitors.start(scene.definition(spec), { ...BY, defaultHost: harness.host });
        await scene.seen('escalated', ({ escalatedSince }) => escalatedSince !== null);
        await until(() => Promise.resolve(harness.calls.includes('callPeople')), 'the call');
        await monitors.resetTarget(name, { ...BY, target: harness.target });
        await scene.seen('a start', ({ startsInInterval }) => startsInInterval > 0);
        await monitors.stop(name, BY);
        return ended(harness, name);
      }),
  },
  {
    name: 'monitor-in-maintenance',
    play: (harness) =>
      onFile(harness, async (scene) => {
        const { monitors } = harness.recoveries;
        scene.mend();
        await monitors.start(scene.definition(), { ...BY, defaultHost: harness.host });
        await monitors.maintenance(scene.name, { ...BY, mode: 'on', until: '2100-01-01T00:00:00.000Z' });
        const isHeld = async () => (await monitors.maintained()).some(({ target }) => target === harness.target);
        await until(isHeld, 'the maintenance');
        await monitors.maintenance(scene.name, { ...BY, mode: 'off' });
        await until(async () => !(await isHeld()), 'its end');
        await monitors.stop(scene.name, BY);
        return ended(harness, scene.name);
      }),
  },
  {
    name: 'monitor-loses-its-host',
    play: (harness) =>
      onFile(harness, async (scene) => {
        const { monitors } = harness.recoveries;
        const host = `away-${scene.name}`;
        const letGo = holdPlans(harness);
        await monitors.start(scene.definition({ host, hostTimeout: '100ms' }), { ...BY, defaultHost: harness.host });
        await until(async () => (await monitors.health(scene.name)).host.openRecovery !== null, 'the report');
        scene.mend();
        await monitors.start(scene.definition(), { ...BY, defaultHost: harness.host });
        await scene.seen('healthy', ({ state }) => state === 'healthy');
        await monitors.stop(scene.name, BY);
        await harness.client.workflow.getHandle(`recovery/host/${host}`).terminate();
        letGo();
        return ended(harness, scene.name);
      }),
  },
  {
    name: 'monitor-follows-the-recovery-of-its-lost-host',
    play: (harness) =>
      onFile(harness, async (scene) => {
        const { monitors } = harness.recoveries;
        const host = `gone-${scene.name}`;
        const letGo = holdPlans(harness);
        const hostOf = async () => (await monitors.health(scene.name)).host;
        await monitors.start(scene.definition({ host, hostTimeout: '100ms' }), { ...BY, defaultHost: harness.host });
        await until(async () => (await hostOf()).openRecovery !== null, 'the report');
        await harness.client.workflow.getHandle(`recovery/host/${host}`).terminate();
        letGo();
        await until(async () => (await hostOf()).lastRecovery !== null, 'its end');
        await monitors.stop(scene.name, BY);
        return ended(harness, scene.name);
      }),
  },
  {
    name: 'monitor-continued-as-new',
    play: (harness) =>
      onFile(harness, async (scene) => {
        const monitor = monitorOf(MonitorSchema.parse(scene.definition()), harness.host);
        const input: HealthMonitorInput = { monitor, continueAfter: 1, watchMs: 300 };
        const handle = await harness.client.workflow.start(WORKFLOW_TYPES.healthMonitor, {
          workflowId: monitorId(scene.name),
          taskQueue: harness.taskQueue,
          args: [input],
        });
        const isNew = async (): Promise<boolean> => (await handle.describe()).runId !== handle.firstExecutionRunId;
        await until(isNew, 'a new history');
        await harness.recoveries.monitors.stop(scene.name, BY);
        return ended(harness, scene.name);
      }),
  },
];

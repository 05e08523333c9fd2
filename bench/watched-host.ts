// Monitors on a host with a worker of its own process, so that Temporal's part and the worker's are counted too.
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecoveryClient } from '../src/client/recovery-client.ts';
import type { MonitorDocument } from '../src/domain/monitor.schema.ts';
import { freePort } from '../test/support/database-servers.ts';
import { HOST, inHealWorld } from './heal/heal-world.ts';
import { cpuMsOf } from './process-cpu.ts';

const SECOND = 1000;
/** A worker or a monitor that has just begun has more to do than one that goes on; V8 tidies up for about as long after a program is loaded. */
export const BEGINNING_MS = 30 * SECOND;
const LATENESS = /^rerail_monitor_look_late_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm;

/** Of the worker so far: how many looks began at most so many seconds late. */
async function readLateness(port: number): Promise<Map<number, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return new Map(
    [...text.matchAll(LATENESS)].map(([, le, count]) => [Number(le?.replace('+Inf', 'Infinity')), Number(count)]),
  );
}

const documentOf = (name: string, checks: readonly object[]): MonitorDocument =>
  ({
    apiVersion: 'rerail/v1',
    kind: 'Monitor',
    metadata: { name },
    spec: {
      host: HOST,
      checks: checks.map((check, i) => ({ name: `check-${i}`, target: `watched/target-${i}`, ...check })),
    },
  }) as unknown as MonitorDocument;

async function watchAll(recoveries: RecoveryClient, name: string, checks: readonly object[]): Promise<void> {
  await recoveries.monitors.start(documentOf(name, checks), { by: 'bench', reason: 'measure', defaultHost: HOST });
  const unknown = async (): Promise<number> =>
    (await recoveries.monitors.health(name)).targets.filter(({ state }) => state !== 'healthy').length;
  while ((await unknown()) > 0) await sleep(SECOND);
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;

export interface WatchedHost {
  checks: number;
  seconds: number;
  looks: number;
  /** What the worker takes more than without the monitor, the mean of before and after it. */
  cpuPercentOfCore: number;
  /** That of the worker without it, before and after. */
  idlePercentOfCore: [number, number];
  /** The bound of the histogram that 99 of 100 looks keep. */
  lateP99AtMostMs: number;
}

/** Each list of checks as a monitor of its own, one after the other, once all of its targets are known to be well. */
export async function measureWatchedHost(lists: readonly (readonly object[])[], ms: number): Promise<WatchedHost[]> {
  const port = await freePort();
  return inHealWorld(
    () => Promise.resolve([]),
    async ({ recoveries, workerPid }) => {
      const take = async () => {
        const [cpu, late] = [cpuMsOf(workerPid), await readLateness(port)];
        await sleep(ms);
        const since = await readLateness(port);
        const looks = [...since].map(([le, count]): [number, number] => [le, count - (late.get(le) ?? 0)]);
        return { percent: ((cpuMsOf(workerPid) - cpu) / ms) * 100, looks };
      };
      const settled = () => sleep(BEGINNING_MS).then(take);
      let idle = await settled();
      const measured: WatchedHost[] = [];
      for (const [index, checks] of lists.entries()) {
        const name = `watched-${index}`;
        await watchAll(recoveries, name, checks);
        const { percent, looks } = await settled();
        await recoveries.monitors.stop(name, { by: 'bench', reason: 'measured' });
        const after = await settled();
        const all = looks.at(-1)?.[1] ?? 0;
        const [bound] = looks.find(([, count]) => count >= all * 0.99) ?? [Infinity];
        measured.push({
          checks: checks.length,
          seconds: ms / SECOND,
          looks: all,
          cpuPercentOfCore: hundredths(percent - (idle.percent + after.percent) / 2),
          idlePercentOfCore: [hundredths(idle.percent), hundredths(after.percent)],
          lateP99AtMostMs: bound * SECOND,
        });
        idle = after;
      }
      return measured;
    },
    { RERAIL_METRICS_PORT: String(port) },
  );
}

import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchHealth, type WatchDeps } from '../src/activities/monitors/watch-health.ts';
import { runProbe } from '../src/activities/probes/run-probe.ts';
import type { Duration } from '../src/domain/duration.ts';
import { MonitorSchema } from '../src/domain/monitor.schema.ts';
import { monitorOf, type Monitor } from '../src/domain/monitor.ts';
import { childrenOf } from '../src/process/descendants.ts';
import { atMost } from './bar.ts';
import { startIllTargets } from './ill-targets.ts';
import { liveBytes } from './live-memory.mjs';
import { BEGINNING_MS, measureWatchedHost } from './watched-host.ts';

const SECOND = 1000;
/** What was called off in the last look may take this long to end. */
const SETTLE_MS = 2000;

function monitorWith(checks: readonly object[]): Monitor {
  const document = {
    apiVersion: 'rerail/v1',
    kind: 'Monitor',
    metadata: { name: 'bench' },
    spec: { target: 'service/bench', checks: checks.map((check, i) => ({ name: `check-${i}`, ...check })) },
  };
  return monitorOf(MonitorSchema.parse(document), 'bench');
}

/** What monitors have most of: ports, the machine, files. */
const mixed = (port: number, count: number): object[] =>
  Array.from({ length: count }, (_, i) => {
    const kinds = [{ tcp: { port } }, { disk: {} }, { memory: {} }, { file: { path: '/etc/hosts' } }];
    return { probe: kinds[i % kinds.length] };
  });

/** Watches for a while; CPU of this process in percent of a core, and how late looks begin. */
async function watch(monitor: Monitor, ms: number) {
  const late: number[] = [];
  const deps: WatchDeps = {
    look: (probe) => runProbe(probe),
    heartbeat: (beat) => void JSON.stringify(beat),
    earlier: undefined,
    signal: new AbortController().signal,
    onLook: ({ lateMs }) => late.push(lateMs),
  };
  const from = { counts: {}, unseen: [] };
  const now = Date.now();
  const before = process.cpuUsage();
  await watchHealth({ monitor, from, since: now, startedAt: now, now: [], watchMs: ms }, deps);
  const { user, system } = process.cpuUsage(before);
  late.sort((a, b) => a - b);
  const at = (share: number): number => Math.max(0, Math.round(late[Math.floor(late.length * share)] ?? 0));
  return {
    seconds: ms / SECOND,
    looks: late.length,
    cpuPercentOfCore: Math.round(((user + system) / 10 / ms) * 100) / 100,
    lateP50Ms: at(0.5),
    lateP99Ms: at(0.99),
  };
}

/** Memory, handles and children after many looks, and after as many more: what V8 takes at first is no leak. */
async function leaks(checks: readonly object[], looks: number, timeout: Duration) {
  const monitor = monitorWith(checks);
  const round = async (): Promise<void> => {
    await Promise.all(monitor.checks.map(({ name, probe }) => runProbe({ name, timeout, ...probe })));
  };
  const state = () => ({
    handles: readdirSync('/proc/self/fd').length,
    children: childrenOf(process.pid).length,
    // In use after a collection: what is resident beyond that goes up and down by itself.
    liveMB: Math.round(liveBytes() / 1e5) / 10,
    rssMB: Math.round(process.memoryUsage().rss / 1e6),
  });
  const lookOften = async (): Promise<void> => {
    for (let done = 0; done < looks; done += monitor.checks.length) await round();
    await sleep(SETTLE_MS);
  };
  await lookOften();
  const before = state();
  await lookOften();
  return { looks, before, after: state() };
}

/** What monitors cost on their host: CPU, lateness, memory and handles. Alone, and by a worker with Temporal's part. */
export async function measureMonitor({ quick }: { quick: boolean }): Promise<object> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  const ill = await startIllTargets();
  try {
    const thousand = monitorWith(mixed(port, 1000));
    const periodMs = Math.min(...thousand.checks.map(({ periodSeconds }) => periodSeconds * SECOND));
    const watchMs = (quick ? 15 : 60) * SECOND;
    const twenty = monitorWith(mixed(port, 20));
    const beginning = await watch(twenty, BEGINNING_MS);
    const twentyChecks = {
      ...(await watch(twenty, watchMs)),
      beginningPercentOfCore: beginning.cpuPercentOfCore,
    };
    const thousandTargets = await watch(thousand, watchMs);
    const looks = quick ? 1000 : 10_000;
    const manyLooks = {
      looks: await leaks(mixed(port, 20), 10_000, '1s'),
      'looks at ill targets': await leaks(ill.checks, looks, '100ms'),
    };
    const grown = Object.entries(manyLooks).flatMap(([what, { looks, before, after }]) => {
      const more = (name: string) => `${name} after ${looks} more ${what}, more than before`;
      return [
        atMost(more('handles'), after.handles - before.handles, 0, ''),
        atMost(more('children'), after.children - before.children, 0, ''),
        atMost(more('memory'), Math.round((after.liveMB - before.liveMB) * 10) / 10, 10, 'MB'),
      ];
    });
    const [twentyOnHost, thousandOnHost] = await measureWatchedHost([mixed(port, 20), mixed(port, 1000)], watchMs);
    return {
      ...{ twentyChecks, thousandTargets, twentyOnHost, thousandOnHost, manyLooks },
      bars: [
        atMost('CPU for 20 checks', twentyChecks.cpuPercentOfCore, 1, '% of a core'),
        atMost('1,000 targets: lateness of a look, p99', thousandTargets.lateP99Ms, periodMs),
        atMost('CPU of a worker for 20 checks', twentyOnHost?.cpuPercentOfCore ?? Number.NaN, 1, '% of a core'),
        atMost('1,000 targets of a worker: lateness, p99', thousandOnHost?.lateP99AtMostMs ?? Number.NaN, periodMs),
        ...grown,
      ],
    };
  } finally {
    server.close();
    ill.stop();
  }
}

import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchHealth, type WatchDeps } from '../src/activities/monitors/watch-health.ts';
import { runProbe } from '../src/activities/probes/run-probe.ts';
import { MonitorSchema } from '../src/domain/monitor.schema.ts';
import { monitorOf, type Monitor } from '../src/domain/monitor.ts';
import { atMost } from './bar.ts';

const SECOND = 1000;

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

/** Memory and handles after many looks, and after as many more: what V8 takes at first is no leak. */
async function leaks(port: number, looks: number) {
  const monitor = monitorWith(mixed(port, 20));
  const round = async (): Promise<void> => {
    await Promise.all(monitor.checks.map(({ name, probe }) => runProbe({ name, timeout: '1s', ...probe })));
  };
  const state = () => ({
    handles: readdirSync('/proc/self/fd').length,
    rssMB: Math.round(process.memoryUsage().rss / 1e6),
  });
  const lookOften = async (): Promise<void> => {
    for (let done = 0; done < looks; done += monitor.checks.length) await round();
    await sleep(100);
  };
  await lookOften();
  const before = state();
  await lookOften();
  return { looks, before, after: state() };
}

/** What monitors cost on their host: CPU, lateness, memory and handles. Without Temporal, whose part is one heartbeat a while. */
export async function measureMonitor({ quick }: { quick: boolean }): Promise<object> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  try {
    const thousand = monitorWith(mixed(port, 1000));
    const periodMs = Math.min(...thousand.checks.map(({ periodSeconds }) => periodSeconds * SECOND));
    const twentyChecks = await watch(monitorWith(mixed(port, 20)), (quick ? 15 : 60) * SECOND);
    const thousandTargets = await watch(thousand, (quick ? 15 : 60) * SECOND);
    const manyLooks = await leaks(port, 10_000);
    const grown = (what: 'handles' | 'rssMB'): number => manyLooks.after[what] - manyLooks.before[what];
    return {
      ...{ twentyChecks, thousandTargets, manyLooks },
      bars: [
        atMost('CPU for 20 checks', twentyChecks.cpuPercentOfCore, 1, '% of a core'),
        atMost('1,000 targets: lateness of a look, p99', thousandTargets.lateP99Ms, periodMs),
        atMost(`handles after ${manyLooks.looks} more looks, more than before`, grown('handles'), 0, ''),
        atMost(`memory after ${manyLooks.looks} more looks, more than before`, grown('rssMB'), 10, 'MB'),
      ],
    };
  } finally {
    server.close();
  }
}

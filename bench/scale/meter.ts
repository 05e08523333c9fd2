import type { Client } from '@temporalio/client';
import { cpuMsOf } from '../process-cpu.ts';
import { databaseBytes } from './database-size.ts';
import { fetchMetrics, grown, sumBy, type Sample } from './server-metrics.ts';
import { perOne, rounded } from './mean.ts';

/** What some work has cost, for each of its pieces. */
export interface Cost {
  /** Calls of the server's API, by name. */
  calls: Record<string, number>;
  /** The server's own count of what Temporal Cloud would bill, by kind. */
  serverActions: Record<string, number>;
  /** Changes of the database, by name. */
  databaseWrites: Record<string, number>;
  databaseBytes: number;
  workerCpuMs: number;
  serverCpuMs: number;
  /** Of the clock, and so of an idle machine only. */
  wallMs: number;
}

export interface Metered {
  client: Client;
  /** Calls that only mark a point in the server's counters; see `flushedMetrics`. */
  marks: { sent: number };
  server: { pid: number; dbFile: string; metricsPort: number };
  workerPid: () => number;
}

const NAMESPACE = 'default';
const READS = /^(Get|List|Read|Range(?!Complete)|Count|Scan)/;

const callsIn = (samples: readonly Sample[]): Record<string, number> =>
  sumBy(
    samples,
    'service_requests',
    'operation',
    ({ service_name: service, namespace }) => service === 'frontend' && namespace === NAMESPACE,
  );

const actionsIn = (samples: readonly Sample[]): Record<string, number> =>
  sumBy(samples, 'action', 'action_type', ({ namespace }) => namespace === NAMESPACE);

const writesIn = (samples: readonly Sample[]): Record<string, number> =>
  sumBy(samples, 'persistence_requests', 'operation', ({ operation = '' }) => !READS.test(operation));

const FLUSH_LOOK_MS = 200;
const QUIET_MS = 250;
const QUIET_CPU_MS = 30;
const QUIET_WITHIN_MS = 5000;

/** What the server still has to do for work that is over (lists, timers) belongs to it. */
async function settle(pid: number): Promise<void> {
  const until = Date.now() + QUIET_WITHIN_MS;
  for (let before = cpuMsOf(pid); Date.now() < until;) {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const now = cpuMsOf(pid);
    if (now - before <= QUIET_CPU_MS) return;
    before = now;
  }
}

/** Nobody else asks for it here. */
const MARK = 'GetClusterInfo';
const MOST_LOOKS = 150;

async function mark({ client, marks }: Metered): Promise<void> {
  await client.workflowService.getClusterInfo({});
  marks.sent += 1;
}

/** The server hands its counters on once a second: what was counted before a mark is there when the mark is. */
async function flushedMetrics({ server, marks }: Metered): Promise<Sample[]> {
  for (let look = 0; look < MOST_LOOKS; look += 1) {
    const samples = await fetchMetrics(server.metricsPort);
    if ((sumBy(samples, 'service_requests', 'operation')[MARK] ?? 0) >= marks.sent) return samples;
    await new Promise((resolve) => setTimeout(resolve, FLUSH_LOOK_MS));
  }
  throw new Error('the server does not tell its metrics');
}

async function readCounts(metered: Metered) {
  const samples = await flushedMetrics(metered);
  return {
    calls: callsIn(samples),
    serverActions: actionsIn(samples),
    databaseWrites: writesIn(samples),
    databaseBytes: databaseBytes(metered.server.dbFile),
  };
}

const readCpu = ({ server, workerPid }: Metered) => ({
  workerCpuMs: cpuMsOf(workerPid()),
  serverCpuMs: cpuMsOf(server.pid),
});

/** Does work of so many pieces and says what each has cost. */
export async function meter(metered: Metered, pieces: number, work: () => Promise<unknown>): Promise<Cost> {
  await mark(metered);
  await settle(metered.server.pid);
  // To give out its counters costs the server time as well, which stays outside.
  const before = { ...(await readCounts(metered)), ...readCpu(metered) };
  const started = performance.now();
  await work();
  const wallMs = performance.now() - started;
  await mark(metered);
  await settle(metered.server.pid);
  const cpu = readCpu(metered);
  const after = { ...(await readCounts(metered)), ...cpu };
  const each = (value: number): number => rounded(value / pieces);
  const counted = (kind: 'calls' | 'serverActions' | 'databaseWrites'): Record<string, number> =>
    perOne(grown(before[kind], after[kind]), pieces);
  return {
    calls: counted('calls'),
    serverActions: counted('serverActions'),
    databaseWrites: counted('databaseWrites'),
    databaseBytes: Math.round((after.databaseBytes - before.databaseBytes) / pieces),
    workerCpuMs: each(after.workerCpuMs - before.workerCpuMs),
    serverCpuMs: each(after.serverCpuMs - before.serverCpuMs),
    wallMs: each(wallMs),
  };
}

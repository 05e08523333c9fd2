// What a worker does without being asked for anything, and what lives on it.
import { setTimeout as sleep } from 'node:timers/promises';
import { MonitorSchema } from '../../src/domain/monitor.schema.ts';
import { monitorOf, type Monitor } from '../../src/domain/monitor.ts';
import { monitorId, notifierId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import { changeBreaker, changeHostRecord, changeLedger, changeMonitor, type LastingCost } from './lasting-changes.ts';
import { rounded } from './mean.ts';
import { meter } from './meter.ts';
import type { ScaleWorld } from './scale-world.ts';

/** In a minute. */
export interface Rates {
  seconds: number;
  calls: Record<string, number>;
  serverActions: Record<string, number>;
  serverCpuMs: number;
  workerCpuMs: number;
}

export interface Lasting {
  changes: LastingCost[];
  /** JSON of one entry of a ledger. */
  ledgerRecordBytes: number;
  /** A worker that has nothing to do, and the same with one more thing that lives on it. */
  rates: { idle: Rates; monitor: Rates; notifier: Rates };
  /** JSON of a monitor of twenty checks. */
  monitorBytes: number;
}

export interface LastingExtent {
  times: number;
  /** Of each rate. */
  seconds: number;
  /** Between two looks of a check of the monitor. */
  periodSeconds: number;
}

/** What happens within a while by itself. */
async function rateOf(world: ScaleWorld, seconds: number): Promise<Rates> {
  const { calls, serverActions, serverCpuMs, workerCpuMs, wallMs } = await meter(world, 1, () => sleep(seconds * 1000));
  const inMinute = (value: number): number => rounded((value * 60_000) / wallMs);
  const all = (counts: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.entries(counts).map(([key, value]) => [key, inMinute(value)]));
  return {
    seconds: rounded(wallMs / 1000),
    calls: all(calls),
    serverActions: all(serverActions),
    serverCpuMs: inMinute(serverCpuMs),
    workerCpuMs: inMinute(workerCpuMs),
  };
}

function twentyChecks(name: string, { server, host }: ScaleWorld, periodSeconds: number): Monitor {
  const kinds = [{ tcp: { port: server.metricsPort } }, { disk: {} }, { memory: {} }, { file: { path: '/etc/hosts' } }];
  const checks = Array.from({ length: 20 }, (_, index) => ({
    ...{ name: `check-${String(index)}`, periodSeconds },
    probe: kinds[index % kinds.length],
  }));
  const document = {
    ...{ apiVersion: 'rerail/v1', kind: 'Monitor', metadata: { name } },
    spec: { target: `service/${name}`, checks },
  };
  return monitorOf(MonitorSchema.parse(document), host);
}

async function monitorRates(world: ScaleWorld, { seconds, periodSeconds }: LastingExtent): Promise<[Rates, number]> {
  const monitor = twentyChecks('twenty', world, periodSeconds);
  const handle = await world.client.workflow.start(WORKFLOW_TYPES.healthMonitor, {
    ...{ workflowId: monitorId('twenty'), taskQueue: world.taskQueue, args: [{ monitor }] },
  });
  // Its first watch ends when all checks have been looked at once.
  await sleep((periodSeconds + 2) * 1000);
  const rates = await rateOf(world, seconds);
  await handle.terminate('measured');
  return [rates, Buffer.byteLength(JSON.stringify(monitor))];
}

async function notifierRates(world: ScaleWorld, seconds: number): Promise<Rates> {
  await world.renewWorker({ RERAIL_NOTIFICATIONS_FILE: world.notificationsFile });
  const rates = await rateOf(world, seconds);
  await world.client.workflow.getHandle(notifierId(world.taskQueue)).terminate('measured');
  return rates;
}

export async function measureLasting(world: ScaleWorld, extent: LastingExtent): Promise<Lasting> {
  const { times, seconds } = extent;
  const ledger = await changeLedger(world, times);
  const breaker = await changeBreaker(world, times);
  const host = await changeHostRecord(world);
  const idle = await rateOf(world, seconds);
  const watch = await changeMonitor(world, twentyChecks('short-watches', world, 1), times);
  const [monitor, monitorBytes] = await monitorRates(world, extent);
  const notifier = await notifierRates(world, seconds);
  return {
    changes: [...ledger.changes, breaker, host, watch],
    ledgerRecordBytes: ledger.recordBytes,
    rates: { idle, monitor, notifier },
    monitorBytes,
  };
}

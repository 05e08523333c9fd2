import { CLOUD, RERAIL, SELF_HOSTED, WORKER } from './limits.ts';
import type { Assumptions } from './assumptions.ts';
import { named, totalOf, type Measured } from './measured.ts';
import { show } from './show.ts';
import { perDay, recoveryUnit, slope, visibilityCalls, type UnitCost } from './model-parts.ts';

const DAY_S = 86_400;
const MIB = 1024 ** 2;

export interface Model {
  unit: UnitCost;
  /** Recoveries a second. */
  mean: number;
  peak: number;
  /** Recoveries that are open at the same time, at the peak. */
  open: number;
  waiting: number;
  /** In the busiest second. */
  rates: {
    actions: number;
    calls: number;
    stateTransitions: number;
    databaseWrites: number;
    workflowTasks: number;
    activityTasks: number;
    visibility: number;
    replicaBytes: number;
  };
  perDay: { actions: number; historyBytes: number; databaseBytes: number; checkpointBytes: number };
  kept: { historyBytes: number; databaseBytes: number };
  lastingActionsPerDay: { monitors: number; breakers: number; notifier: number };
  shards: number;
  partitions: number;
  workerCores: number;
  serverCores: number;
  /** Shared workers that the model needs, by what each is limited by. */
  workers: { byCpu: number; byActivities: number; byWorkflowTasks: number; byCache: number };
  cachedKiB: number;
  notifierCallsPerSecond: number;
}

const powerOfTwo = (least: number): number => 2 ** Math.max(0, Math.ceil(Math.log2(least)));

/** Pages that one look of the notifier reads: what has begun or closed within a minute, and what waits. */
function notifierPages(mean: number, waiting: number): number {
  const listed = 2 * mean * RERAIL.notifierLagSeconds + waiting;
  return Math.max(1, Math.ceil(listed / RERAIL.notifierPage));
}

/** What is kept of a finished one: by the growth of the database, and with as much more history as it has more. */
function databaseBytesOf({ finished, recoveries }: Measured, unit: UnitCost): number {
  const plain = slope(
    finished,
    ({ finished: count }) => count,
    ({ databaseBytes }) => databaseBytes,
  );
  return plain + Math.max(0, unit.historyBytes - named(recoveries, 'plan-1').history.bytes);
}

function lastingOf({ lasting: { changes, rates } }: Measured, assumed: Assumptions): Model['lastingActionsPerDay'] {
  return {
    monitors:
      assumed.monitors *
      (perDay(rates.monitor, rates.idle).unseen + RERAIL.watchesPerDay * named(changes, 'monitor').actions),
    // A worker asks once a second while a breaker is in use.
    breakers: assumed.breakers * assumed.workers * DAY_S * named(changes, 'breaker').actions,
    notifier: perDay(rates.notifier, rates.idle).unseen,
  };
}

/** What so many recoveries a day need. Everything follows from the results and the assumptions; nothing is rounded. */
export function modelOf(measured: Measured, assumed: Assumptions): Model {
  const unit = recoveryUnit(measured, assumed);
  const mean = assumed.recoveriesPerDay / DAY_S;
  const peak = mean * assumed.peak;
  const waiting = peak * assumed.approvals * assumed.waitSeconds;
  const open = peak * assumed.openSeconds + waiting;
  const lastingActionsPerDay = lastingOf(measured, assumed);
  const lastingActions = totalOf(lastingActionsPerDay);
  const notifierCallsPerSecond = notifierPages(peak, waiting);
  const rates = {
    actions: unit.actions * peak + lastingActions / DAY_S,
    calls:
      unit.calls * peak +
      (assumed.monitors * perDay(measured.lasting.rates.monitor, measured.lasting.rates.idle).calls) / DAY_S,
    stateTransitions: unit.stateTransitions * peak,
    databaseWrites: unit.databaseWrites * peak,
    workflowTasks: unit.workflowTasks * peak,
    activityTasks: unit.activityTasks * peak,
    visibility: visibilityCalls(named(measured.recoveries, 'braked').cost) * peak + notifierCallsPerSecond,
    replicaBytes: assumed.checkpoints * assumed.checkpointMB * 1e6 * peak,
  };
  const daily = {
    actions: unit.actions * assumed.recoveriesPerDay + lastingActions,
    historyBytes: unit.historyBytes * assumed.recoveriesPerDay,
    databaseBytes: databaseBytesOf(measured, unit) * assumed.recoveriesPerDay,
    checkpointBytes: assumed.checkpoints * assumed.checkpointMB * 1e6 * assumed.recoveriesPerDay,
  };
  const cachedKiB = Math.max(
    1,
    slope(
      measured.open,
      ({ open: size }) => size,
      ({ workerMiB }) => workerMiB,
    ) * 1024,
  );
  const workerCores = (unit.workerCpuMs * peak) / 1000;
  const taskSeconds = unit.workerCpuMs / 1000 / Math.max(1, unit.workflowTasks + unit.activityTasks);
  return {
    ...{ unit, mean, peak, open, waiting, rates },
    perDay: daily,
    kept: {
      historyBytes: daily.historyBytes * assumed.retentionDays,
      databaseBytes: daily.databaseBytes * assumed.retentionDays,
    },
    lastingActionsPerDay,
    shards: powerOfTwo((rates.databaseWrites * assumed.writeMs) / 1000 / assumed.busy),
    partitions: Math.ceil(Math.max(rates.workflowTasks, rates.activityTasks) / assumed.partitionTasks),
    workerCores,
    serverCores: (unit.serverCpuMs * peak) / 1000,
    workers: {
      byCpu: workerCores / assumed.busy,
      byActivities: (rates.activityTasks * assumed.activitySeconds) / WORKER.activities / assumed.busy,
      byWorkflowTasks: (rates.workflowTasks * taskSeconds) / WORKER.workflowTasks / assumed.busy,
      byCache: (open * cachedKiB * 1024) / (WORKER.cacheMiB * MIB),
    },
    cachedKiB,
    notifierCallsPerSecond,
  };
}

export interface Break {
  what: string;
  /** From so many recoveries a day on, at the assumed peak. */
  recoveriesPerDay: number;
  /** What there is now. */
  limit: string;
  remedy: string;
}

/** What gives way first, with everything else as assumed. */
export function breaksOf(measured: Measured, assumed: Assumptions): Break[] {
  const model = modelOf(measured, assumed);
  const { recoveriesPerDay } = assumed;
  /** Where the limit is reached by what grows along with recoveries, beside what does not. */
  const at = (limit: number, needed: number, constant = 0): number =>
    (Math.max(0, limit - constant) / (needed - constant)) * recoveriesPerDay;
  const lasting = totalOf(model.lastingActionsPerDay) / DAY_S;
  const { cores } = measured.machine;
  const shardWrites = (SELF_HOSTED.shards * 1000 * assumed.busy) / assumed.writeMs;
  const found: Break[] = [
    {
      what: 'the brake on open recoveries',
      recoveriesPerDay: at(RERAIL.maxConcurrentRecoveries, model.open),
      limit: `maxConcurrentRecoveries ${String(RERAIL.maxConcurrentRecoveries)}; beyond it new plans wait for a person`,
      remedy:
        'raise `RERAIL_MAX_CONCURRENT_RECOVERIES` above the open ones of this page; it is meant as a brake, so not out of sight',
    },
    {
      what: 'the embedded server, with its worker on the same machine',
      recoveriesPerDay: at(cores * assumed.busy, model.workerCores + model.serverCores),
      limit: `${String(cores)} cores, one shard, SQLite`,
      remedy:
        'a Temporal server with PostgreSQL (`docker-compose.yml`) or Temporal Cloud; workers on machines of their own',
    },
    {
      what: 'one shared worker',
      recoveriesPerDay: at(1, model.workers.byCpu),
      limit: 'one thread runs workflow code',
      remedy: 'more workers on the same task queue; they share the work by themselves',
    },
    {
      what: 'activities of one shared worker',
      recoveriesPerDay: at(1, model.workers.byActivities),
      limit: `${String(WORKER.activities)} at a time`,
      remedy: 'more workers',
    },
    {
      what: 'the one notifier of a task queue',
      recoveriesPerDay: at(1, model.notifierCallsPerSecond * (callMsOf(measured) / 1000)),
      limit: 'one look a second, pages of 200 one after the other',
      remedy: 'task queues by team or region, each with its own workers and its own notifier',
    },
    {
      what: 'Visibility of a namespace in Temporal Cloud',
      recoveriesPerDay: at(CLOUD.visibilityPerSecond, model.rates.visibility),
      limit: `${String(CLOUD.visibilityPerSecond)} lists and counts a second, fixed`,
      remedy: 'several namespaces, each with its share of the targets; no notifier where another system tells people',
    },
    {
      what: 'actions of a namespace in Temporal Cloud',
      recoveriesPerDay: at(CLOUD.actionsPerSecond, model.rates.actions, lasting),
      limit: `${String(CLOUD.actionsPerSecond)} a second, a floor that grows with use; monitors, breakers and notifier alone take ${show(lasting)}`,
      remedy: 'fewer monitors with more checks each; provisioned capacity; several namespaces',
    },
    {
      what: 'partitions of the shared task queue',
      recoveriesPerDay: at(SELF_HOSTED.partitions, model.rates.workflowTasks / assumed.partitionTasks),
      limit: `${String(SELF_HOSTED.partitions)} for each queue`,
      remedy:
        '`matching.numTaskqueueReadPartitions` and `matching.numTaskqueueWritePartitions`: first raise the first, then the second',
    },
    {
      what: 'shards of the server',
      recoveriesPerDay: at(shardWrites, model.rates.databaseWrites),
      limit: `numHistoryShards ${String(SELF_HOSTED.shards)}`,
      remedy: 'choose it before the first start; it cannot be changed afterwards',
    },
  ];
  return found.sort((a, b) => a.recoveriesPerDay - b.recoveriesPerDay);
}

/** Processor time of the server for one page of a list that it was asked for. */
function callMsOf({ open }: Measured): number {
  const last = open.at(-1);
  if (!last) throw new Error('nothing that was open was measured');
  return last.notifierLook.serverCpuMs / Math.max(1, visibilityCalls(last.notifierLook));
}

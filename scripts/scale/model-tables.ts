import { ASSUMPTIONS, type Assumptions } from './assumptions.ts';
import { RERAIL, SELF_HOSTED, WORKER } from './limits.ts';
import { named, totalOf, type Measured } from './measured.ts';
import { table } from './measured-tables.ts';
import { breaksOf, modelOf } from './model.ts';
import { billedOf } from './model-parts.ts';
import { show, showBytes, showCount } from './show.ts';

export const assumptionsTable = (assumed: Assumptions): string =>
  table(
    ['assumption', 'value', 'option of `npm run scaling --`'],
    ASSUMPTIONS.map(({ name, what, unit, flag }) => [what, `${show(assumed[name])} ${unit}`.trim(), `\`${flag}\``]),
  );

/** A need with where it comes from and what is to be turned for it. */
export function needsTable(measured: Measured, assumed: Assumptions): string {
  const { unit, mean, peak, open, waiting, rates, perDay, kept, shards, partitions, workers, ...model } = modelOf(
    measured,
    assumed,
  );
  const processes = Math.ceil(Math.max(workers.byCpu, workers.byActivities, workers.byWorkflowTasks, workers.byCache));
  return table(
    ['need', 'figure', 'from', 'knob'],
    [
      ['recoveries a second', `${show(mean)} mean, ${show(peak)} peak`, 'assumption', ''],
      [
        'open at the peak',
        `${show(open)}, of which ${show(waiting)} wait for people`,
        'assumption',
        '`RERAIL_MAX_CONCURRENT_RECOVERIES`',
      ],
      [
        'billed actions',
        `${show(perDay.actions)} a day, ${show(rates.actions)} a second at the peak`,
        `${show(unit.actions)} of each recovery, and what lives for ever`,
        'capacity of the namespace',
      ],
      [
        'calls of the API',
        `${show(rates.calls)} a second at the peak`,
        `${show(unit.calls)} of each recovery, and the monitors' heartbeats; besides ${show(totalOf(measured.lasting.rates.idle.calls))} polls a minute of each worker without work`,
        '`frontend.namespaceRPS`',
      ],
      [
        'state transitions',
        `${show(rates.stateTransitions)} a second at the peak`,
        `${show(unit.stateTransitions)} of each`,
        'processes of the history service',
      ],
      [
        'history',
        `${showBytes(perDay.historyBytes)} a day, ${showBytes(kept.historyBytes)} kept`,
        `${showBytes(unit.historyBytes)} of each`,
        '`TEMPORAL_RETENTION`',
      ],
      [
        'database',
        `${showBytes(perDay.databaseBytes)} a day, ${showBytes(kept.databaseBytes)} kept`,
        'growth of the SQLite file; a PostgreSQL database was not measured',
        '`TEMPORAL_RETENTION`',
      ],
      [
        'database writes',
        `${show(rates.databaseWrites)} a second at the peak`,
        `${show(unit.databaseWrites)} of each`,
        'connections of the server, `SQL_MAX_CONNS`',
      ],
      [
        'shards',
        `${show(shards)} at least`,
        'one write at a time in each',
        `\`NUM_HISTORY_SHARDS\`, ${String(SELF_HOSTED.shards)} in docker-compose.yml; for good`,
      ],
      [
        'partitions of the shared queue',
        `${show(partitions)} at least`,
        `${show(rates.workflowTasks)} workflow tasks and ${show(rates.activityTasks)} activities a second`,
        '`matching.numTaskqueueReadPartitions`, `…WritePartitions`',
      ],
      [
        'shared workers',
        show(processes),
        `by CPU ${show(workers.byCpu)}, by activities ${show(workers.byActivities)}, by workflow tasks ${show(workers.byWorkflowTasks)}, by cache ${show(workers.byCache)}`,
        'more processes; `maxConcurrentActivityTaskExecutions`, `maxConcurrentWorkflowTaskExecutions`, `maxCachedWorkflows`',
      ],
      [
        'cores of the workers',
        show(model.workerCores),
        `${show(unit.workerCpuMs)} ms of each`,
        'one process uses little more than one core',
      ],
      [
        'cores of the server',
        `${show(model.serverCores)} at least`,
        `${show(unit.serverCpuMs)} ms of each on the embedded server, its database included`,
        'processes of frontend, history and matching',
      ],
      [
        'lists and counts of Visibility',
        `${show(rates.visibility)} a second at the peak`,
        `brakes of each recovery, and ${show(model.notifierCallsPerSecond)} pages a second of the notifier`,
        'Elasticsearch or OpenSearch instead of SQL',
      ],
      [
        'checkpoints',
        `${showBytes(perDay.checkpointBytes)} of new content a day on all hosts, ${showBytes(perDay.checkpointBytes / assumed.hosts)} on each`,
        `assumption; a store of ${showBytes(RERAIL.storeBytes)} would be full after ${show((RERAIL.storeBytes * assumed.hosts) / perDay.checkpointBytes)} days without retention`,
        '`RERAIL_MAX_STORE_BYTES` of each host, retention of `rerail checkpoint schedule`',
      ],
      [
        'to the replica',
        `${showBytes(rates.replicaBytes)} a second at the peak`,
        'each checkpoint is copied once',
        'bandwidth of the bucket',
      ],
    ],
  );
}

/** Whichever comes first: Rerail's own number, or Temporal's suggestion. */
const changesOfHistory = (events: number): number =>
  Math.min(RERAIL.continueAfter, SELF_HOSTED.suggestedEvents / events);

export function lastingTable(measured: Measured, assumed: Assumptions): string {
  const { changes, rates, ledgerRecordBytes, monitorBytes } = measured.lasting;
  const { monitors, breakers, notifier } = modelOf(measured, assumed).lastingActionsPerDay;
  const create = named(changes, 'ledger');
  const watch = named(changes, 'monitor');
  const breaker = named(changes, 'breaker');
  const host = named(changes, 'host record');
  const PER_DAY = { checkpoints: 10, workerStarts: 2, reports: 86_400 };
  const beats = (rates.monitor.calls['RecordActivityTaskHeartbeat'] ?? 0) * 24 * 60;
  const one = (value: number, count: number): number => (count === 0 ? 0 : value / count);
  return table(
    ['what', 'a day of it', 'events a day', 'billed actions a day', 'a history lasts', 'carried into the next'],
    [
      [
        'ledger of a subject',
        `${String(PER_DAY.checkpoints)} checkpoints`,
        show(create.events * PER_DAY.checkpoints),
        show(billedOf({ history: create, cost: create.cost }) * PER_DAY.checkpoints),
        `${show(changesOfHistory(create.events) / PER_DAY.checkpoints)} days`,
        `${showBytes(ledgerRecordBytes)} for each checkpoint; full at ${show(RERAIL.ledgerBytes / ledgerRecordBytes)} of them`,
      ],
      [
        'breaker, for each worker that uses it all day',
        'a report a second',
        show(breaker.events * PER_DAY.reports),
        show(one(breakers, assumed.breakers * assumed.workers)),
        `${show(changesOfHistory(breaker.events) / 60)} minutes with one such worker`,
        'its window and the ids of 200 reports',
      ],
      [
        'monitor of twenty checks that are well',
        `${String(RERAIL.watchesPerDay)} watches, ${show(beats)} heartbeats`,
        show(watch.events * RERAIL.watchesPerDay),
        show(one(monitors, assumed.monitors)),
        `${show(SELF_HOSTED.suggestedEvents / (watch.events * RERAIL.watchesPerDay))} days`,
        `its definition (${showBytes(monitorBytes)}), and what its checks have counted`,
      ],
      [
        'record of a host',
        `${String(PER_DAY.workerStarts)} starts of its worker`,
        show(host.events * PER_DAY.workerStarts),
        show(host.actions * PER_DAY.workerStarts),
        `${show(changesOfHistory(host.events) / PER_DAY.workerStarts)} days`,
        'the record',
      ],
      [
        'notifier of a task queue',
        '24 watches, a look every second',
        show(24 * watch.events),
        show(notifier),
        `${show(200 / 24)} days`,
        'a point in time',
      ],
    ],
  );
}

export const breaksTable = (measured: Measured, assumed: Assumptions): string =>
  table(
    ['', 'from so many recoveries a day', 'what gives way', 'as it comes', 'what to do'],
    breaksOf(measured, assumed).map(({ what, recoveriesPerDay, limit, remedy }, index) => [
      ...[String(index + 1), show(recoveriesPerDay), what, limit, remedy],
    ]),
  );

/** How far one history is from the limits of all histories. */
export function historyTable({ recoveries }: Measured): string {
  const plans = recoveries.filter(({ group }) => group === 'plan');
  const [small, large] = [plans.at(0), plans.at(-1)];
  if (!small || !large) throw new Error('no plans were measured');
  const actions = Number(large.name.replace('plan-', '')) - Number(small.name.replace('plan-', ''));
  const events = (large.history.events - small.history.events) / actions;
  const bytes = (large.history.bytes - small.history.bytes) / actions;
  return table(
    ['limit of one history', 'of each further action', 'reached with about'],
    [
      [
        `${show(SELF_HOSTED.historyEvents)} events`,
        `${showCount(events)} events`,
        `${show(SELF_HOSTED.historyEvents / events)} actions`,
      ],
      [
        `${showBytes(SELF_HOSTED.historyBytes)}`,
        `${showBytes(bytes)}`,
        `${show(SELF_HOSTED.historyBytes / bytes)} actions`,
      ],
    ],
  );
}

export const workerDefaults = `${String(WORKER.workflowTasks)} workflow tasks and ${String(WORKER.activities)} activities at a time`;

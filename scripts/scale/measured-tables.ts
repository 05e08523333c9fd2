import { tableRow } from '../../src/domain/markdown-text.ts';
import { billedOf } from './model-parts.ts';
import { totalOf, type Measured, type MeasuredRecovery } from './measured.ts';
import { show, showBytes, showCount } from './show.ts';

/** A table with its head. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [tableRow(...head), tableRow(...head.map(() => '---')), ...rows.map((row) => tableRow(...row))].join('\n');

const RECOVERY_HEAD = [
  ...['events', 'history', 'workflow tasks', 'activities', 'local ones', 'timers', 'attribute upserts'],
  ...['state transitions', 'API calls', 'billed actions', 'database writes', 'worker ms', 'server ms'],
];

const recoveryCells = ({ history, cost }: MeasuredRecovery): string[] => [
  showCount(history.events),
  showBytes(history.bytes),
  ...[history.workflowTasks, history.activityTasks, history.localActivities, history.timers].map(showCount),
  ...[history.attributeUpserts, history.stateTransitions, totalOf(cost.calls)].map(showCount),
  showCount(billedOf({ history, cost })),
  showCount(totalOf(cost.databaseWrites)),
  show(cost.workerCpuMs),
  show(cost.serverCpuMs),
];

export const recoveryTable = ({ recoveries }: Measured, group: 'plan' | 'kind'): string =>
  table(
    ['recovery', ...RECOVERY_HEAD],
    recoveries.filter((one) => one.group === group).map((one) => [one.what, ...recoveryCells(one)]),
  );

/** Calls or actions by name, of some recoveries and changes side by side. */
export function byNameTable(
  columns: readonly { what: string; counts: Record<string, number> }[],
  firstCell: string,
): string {
  const names = [...new Set(columns.flatMap(({ counts }) => Object.keys(counts)))].sort();
  const rows = names.map((name) => [`\`${name}\``, ...columns.map(({ counts }) => showCount(counts[name] ?? 0))]);
  const sum = ['together', ...columns.map(({ counts }) => showCount(totalOf(counts)))];
  return table([firstCell, ...columns.map(({ what }) => what)], [...rows, sum]);
}

export function finishedTable({ finished }: Measured): string {
  const [first] = finished;
  const head = [
    ...[
      'finished',
      'database',
      'server memory',
      'worker memory',
      'a new one: worker ms',
      'server ms',
      'its clock, of the first',
    ],
    ...['a page of 50: server ms', 'its clock, of the first', 'counts of all statuses: server ms'],
  ];
  return table(
    head,
    finished.map(({ finished: count, databaseBytes, serverMiB, workerMiB, recovery, list, count: counts }) => [
      show(count),
      showBytes(databaseBytes),
      `${show(serverMiB)} MiB`,
      `${show(workerMiB)} MiB`,
      ...[recovery.workerCpuMs, recovery.serverCpuMs, recovery.wallMs / (first?.recovery.wallMs ?? Number.NaN)].map(
        show,
      ),
      ...[list.serverCpuMs, list.wallMs / (first?.list.wallMs ?? Number.NaN), counts.serverCpuMs].map(show),
    ]),
  );
}

export const openTable = ({ open }: Measured): string =>
  table(
    [
      ...['open', 'database', 'server memory', 'worker that opened them', 'new worker', 'its start: CPU ms'],
      ...['an answer, cached: worker ms', 'not cached', 'a look of the notifier: lists', 'server ms', 'clock ms'],
    ],
    open.map(
      ({ open: count, databaseBytes, serverMiB, workerMiB, newWorkerMiB, newWorkerStart, answered, notifierLook }) => [
        show(count),
        showBytes(databaseBytes),
        ...[serverMiB, workerMiB, newWorkerMiB].map((size) => `${show(size)} MiB`),
        ...[newWorkerStart.cpuMs, answered.cached.workerCpuMs, answered.notCached.workerCpuMs].map(show),
        showCount(notifierLook.calls['ListWorkflowExecutions'] ?? 0),
        ...[notifierLook.serverCpuMs, notifierLook.wallMs].map(show),
      ],
    ),
  );

export const changesTable = ({ lasting }: Measured): string =>
  table(
    ['what', 'change', 'events', 'history', 'billed actions', 'worker ms', 'server ms'],
    lasting.changes.map(({ name, of, events, bytes, actions, cost }) => [
      ...[name, of, showCount(events), showBytes(bytes), showCount(billedOf({ history: { actions }, cost }))],
      // A change that exchanges the worker leaves no process to compare.
      ...[cost.workerCpuMs, cost.serverCpuMs].map((ms) => (ms < 0 ? '' : show(ms))),
    ]),
  );

export const ratesTable = ({ lasting: { rates } }: Measured): string => {
  const rows = (['idle', 'monitor', 'notifier'] as const).map((name) => rates[name]);
  const names = [...new Set(rows.flatMap(({ calls }) => Object.keys(calls)))].sort();
  return table(
    ['in a minute', 'a worker alone', 'and a monitor of 20 checks', 'and the notifier'],
    [
      ...names.map((name) => [`\`${name}\``, ...rows.map(({ calls }) => showCount(calls[name] ?? 0))]),
      ['server CPU ms', ...rows.map(({ serverCpuMs }) => show(serverCpuMs))],
      ['worker CPU ms', ...rows.map(({ workerCpuMs }) => show(workerCpuMs))],
    ],
  );
};

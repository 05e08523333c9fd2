import type { LoadedDrill } from '../../config/load-drills.ts';
import type { ListedDrill } from '../../domain/drill.schema.ts';
import type { DrillReport } from '../../domain/drill.ts';
import { formatMs } from '../../domain/duration.ts';
import type { Paint } from './output.ts';
import { paintStatus } from './render.ts';
import { renderTable } from './table.ts';

const time = (ms: number | null | undefined): string => (ms === null || ms === undefined ? '' : formatMs(ms));

export function renderDrills(paint: Paint, drills: readonly ListedDrill[]): string {
  return renderTable(
    paint,
    ['verdict', 'drill', 'playbook', 'TTR', 'items lost', 'started'],
    drills.map(({ verdict, workflowId, playbook, ttrMs, itemsLost, startedAt }) => [
      paintStatus(paint, verdict),
      workflowId,
      playbook ?? '',
      time(ttrMs),
      itemsLost === null ? '' : String(itemsLost),
      paint.time(startedAt),
    ]),
  );
}

const faultsOf = ({ faults, pick }: LoadedDrill['spec']): string =>
  `${pick === undefined ? '' : `${pick} of ${faults.length}: `}${[...new Set(faults.map(({ type }) => type))].join(', ')}`;

export function renderDrillDefinitions(paint: Paint, drills: readonly LoadedDrill[]): string {
  return renderTable(
    paint,
    ['drill', 'playbook', 'faults', 'RTO', 'what it shows'],
    drills.map(({ metadata, spec }) => [
      metadata.name,
      spec.playbook ?? '',
      faultsOf(spec),
      spec.objectives.rto,
      metadata.description ?? '',
    ]),
  );
}

/** Objective and measured figure beside each other (requirement 7.3). */
export function renderDrill(paint: Paint, report: DrillReport): string {
  const { workflowId, verdict, problems, objectives, durations, items, picked, recovery, times, undone } = report;
  const rows = [
    ['RTO', objectives.rto, time(durations.ttrMs)],
    ['RPO', objectives.rpo ?? '', time(durations.checkpointAgeMs)],
    ['items lost', `${objectives.itemsLost} of ${items.count}`, String(items.lost.length)],
    ['human wait', '', time(durations.humanWaitMs)],
    ...(undone ? [['not undone', '0', String(undone.differences.length)]] : []),
    ...(undone?.actions ? [['undone', '', undone.actions.join(', ')]] : []),
    ...(picked ? [['faults by chance', '', picked.map((index) => `number ${index + 1}`).join(', ')]] : []),
  ];
  return [
    `${paint.bold(workflowId)}  ${paintStatus(paint, verdict)}`,
    ...problems.map((problem) => paint.red(`✖ ${problem}`)),
    '',
    renderTable(paint, ['', 'objective', 'measured'], rows),
    ...(recovery
      ? [
          '',
          `${recovery.workflowId}  ${paintStatus(paint, recovery.status)}  ${recovery.playbook ?? ''}`,
          renderTable(
            paint,
            ['state', 'action', 'time'],
            recovery.actions.map(({ id, status, durationMs }) => [paintStatus(paint, status), id, time(durationMs)]),
          ),
        ]
      : []),
    ...(times.t0 === undefined ? [] : [paint.dim(`The fault was there at ${paint.time(times.t0)}.`)]),
  ].join('\n');
}

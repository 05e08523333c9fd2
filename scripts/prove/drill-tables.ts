import { toMs, type Duration } from '../../src/domain/duration.ts';
import { nearestRank } from '../../src/domain/knowledge.ts';
import { plainText, tableRow } from '../../src/domain/markdown-text.ts';
import { timePartsOf } from '../../src/domain/period-facts.ts';
import { TIME_PARTS } from '../../src/domain/period-report.ts';
import type { TimeParts } from '../../src/domain/period-report.schema.ts';
import { drilled, type Drilled } from './drill-figures.ts';
import { showMs } from './figures.ts';

const OTHERS = 'built-in rules';

const table = (title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  ...['', title, ''],
  tableRow(...head),
  tableRow(...head.map(() => '---')),
  ...rows.map((cells) => tableRow(...cells.map(plainText))),
];

const groupBy = <T>(all: readonly T[], keyOf: (one: T) => string): [string, T[]][] => {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
};

const timesOf = (values: readonly number[]): string[] => {
  const sorted = [...values].sort((a, b) => a - b);
  return [0.5, 0.95].map((part) => (sorted.length === 0 ? '–' : showMs(nearestRank(sorted, part))));
};

const strictest = (durations: readonly string[]): number | undefined =>
  durations.length === 0 ? undefined : Math.min(...durations.map((text) => toMs(text as Duration)));

const mean = (values: readonly number[]): string =>
  values.length === 0 ? '–' : showMs(values.reduce((sum, value) => sum + value, 0) / values.length);

const partsOf = (drills: readonly Drilled[]): TimeParts[] => drills.flatMap((drill) => timePartsOf(drill) ?? []);

function playbookCells([playbook, drills]: [string, Drilled[]]): string[] {
  const rto = strictest(drills.map(({ objectives }) => objectives.rto));
  const rpo = strictest(drills.flatMap(({ objectives }) => objectives.rpo ?? []));
  const ages = drills.flatMap(({ durations }) => durations.checkpointAgeMs ?? []);
  return [
    ...[playbook, String(drills.length)],
    ...[rto === undefined ? 'none' : showMs(rto), ...timesOf(drills.flatMap(({ durations }) => durations.ttrMs ?? []))],
    ...[rpo === undefined ? 'none' : showMs(rpo), ages.length === 0 ? '–' : showMs(Math.max(...ages))],
    ...TIME_PARTS.map((part) => mean(partsOf(drills).map((parts) => parts[part]))),
  ];
}

function actionCells([type, actions]: [string, NonNullable<Drilled['recovery']>['actions']]): string[] {
  const good = actions.filter(({ status }) => status === 'succeeded');
  return [type, String(actions.length), String(good.length), ...timesOf(actions.map(({ durationMs }) => durationMs))];
}

/** What all drills have measured, by playbook and by type of action (requirement 7.3). Empty where they were not run. */
export function drillTables(output: unknown): string[] {
  if (output === undefined) return [];
  const all = drilled(output);
  const tried = all
    .flatMap(({ recovery }) => recovery?.actions ?? [])
    .filter(({ status }) => status !== 'not_needed' && status !== 'pending');
  return [
    ...['', '## Drills by playbook', ''],
    'RTO and RPO are the strictest objective of its drills. The time to recover counts from the injection to verified health, what people took left in;',
    'the last five columns say where it went, on the mean; verification holds the time that a drill holds the steady state.',
    ...table(
      '### Objectives and where the time went',
      [
        'playbook',
        'n',
        'RTO',
        'p50',
        'p95',
        'RPO',
        'oldest',
        'detection',
        'planning',
        'human wait',
        'action',
        'verification',
      ],
      groupBy(all, ({ recovery }) => recovery?.playbook ?? OTHERS).map(playbookCells),
    ),
    ...table(
      '### Actions',
      ['type', 'tried', 'succeeded', 'p50', 'p95'],
      groupBy(tried, ({ type }) => type).map(actionCells),
    ),
    ...table(
      '### Verdicts',
      ['verdict', 'n', 'drills'],
      groupBy(all, ({ verdict }) => verdict).map(([verdict, drills]) => [
        verdict,
        String(drills.length),
        verdict === 'passed' ? '' : drills.map(({ name }) => name).join(', '),
      ]),
    ),
  ];
}

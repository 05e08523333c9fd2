import { formatMs } from './duration.ts';
import { TIME_PARTS, type Judged, type Measured, type PeriodReport, type RecoveryTime } from './period-report.ts';
import type { ObjectiveStatus, TimeParts } from './period-report.schema.ts';

/** A part of the report as rows; Markdown and HTML are made from the same. */
export interface PeriodTable {
  id: string;
  title: string;
  note?: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** What stands where there is no row. */
  empty: string;
}

const TOO_FEW = 'too few';

export const STATUS_WORDS: Record<ObjectiveStatus, string> = {
  met: 'met',
  missed: 'missed',
  too_few: TOO_FEW,
  no_objective: 'no objective',
  unproven: 'not measured',
};

export const PART_WORDS: Record<keyof TimeParts, string> = {
  detection: 'detection',
  planning: 'planning',
  humanWait: 'human wait',
  action: 'action',
  verification: 'verification',
};

const figure = ({ n }: Measured, value: number | undefined): string =>
  value === undefined ? (n === 0 ? '–' : TOO_FEW) : formatMs(value);

const percent = (fraction: number): string => `${(fraction * 100).toFixed(fraction === 1 ? 0 : 1)} %`;
const share = (part: number, whole: number): string => `${part} of ${whole}`;
const words = (slug: string): string => slug.replaceAll('_', ' ');
const day = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')}`;

const JUDGED_HEAD = ['objective', 'p50', 'p95', 'max', 'n', 'not recovered', 'within', 'status'];

const judgedCells = (judged: Judged): string[] => [
  judged.objectiveMs === undefined ? 'none' : formatMs(judged.objectiveMs),
  ...[judged.p50, judged.p95, judged.max].map((value) => figure(judged, value)),
  String(judged.n),
  String(judged.unrecovered),
  judged.within === undefined ? '' : share(judged.within, judged.n + judged.unrecovered),
  STATUS_WORDS[judged.status],
];

const rpoCells = (judged: Judged): string[] => judgedCells(judged).filter((_, index) => index !== 5);
const RPO_HEAD = JUDGED_HEAD.filter((_, index) => index !== 5);

const timeCells = (time: RecoveryTime): string[] => [
  String(time.n),
  figure(time, time.meanMs),
  ...TIME_PARTS.map((part) => (time.parts ? formatMs(time.parts[part]) : figure(time, undefined))),
  ...[time.p50, time.p95, time.max].map((value) => figure(time, value)),
];

function objectiveTables({ objectives, enough }: PeriodReport): PeriodTable[] {
  const seen = objectives.filter(({ rpo }) => rpo.n > 0 || rpo.objectiveMs !== undefined);
  return [
    {
      id: 'rto',
      title: 'Time to recover against its objective (RTO)',
      note: `Met: 95 of 100 kept to the objective; a failure that was not recovered has not. Below ${enough} there is no figure.`,
      head: ['playbook', ...JUDGED_HEAD],
      rows: objectives.map(({ playbook, rto }) => [playbook, ...judgedCells(rto)]),
      empty: 'No recovery has closed.',
    },
    {
      id: 'rpo',
      title: 'Time gone back against its objective (RPO)',
      note: 'The age of the checkpoint that was gone back to; recoveries that went back to none have lost no time.',
      head: ['playbook', ...RPO_HEAD],
      rows: seen.map(({ playbook, rpo }) => [playbook, ...rpoCells(rpo)]),
      empty: 'No recovery went back to a checkpoint, and no playbook has an objective for it.',
    },
  ];
}

function timeTables({ recoveryTime, byPlaybook, actions }: PeriodReport): PeriodTable[] {
  return [
    {
      id: 'mttr',
      title: 'Mean time to recover, and where it went',
      note: 'Of recoveries that were proven to have helped. The parts add up to the mean.',
      head: ['playbook', 'n', 'mean', ...TIME_PARTS.map((part) => PART_WORDS[part]), 'p50', 'p95', 'max'],
      rows:
        recoveryTime.n === 0
          ? []
          : [
              ...byPlaybook
                .filter(({ time }) => time.n > 0)
                .map(({ playbook, time }) => [playbook, ...timeCells(time)]),
              ['all', ...timeCells(recoveryTime)],
            ],
      empty: 'No recovery was proven to have helped.',
    },
    {
      id: 'actions',
      title: 'Time per type of action',
      head: ['action', 'n', 'succeeded', 'p50', 'p95', 'max'],
      rows: actions.map(({ type, n, succeeded, time }) => [
        ...[type, String(n), share(succeeded, n)],
        ...[time.p50, time.p95, time.max].map((value) => figure(time, value)),
      ]),
      empty: 'No action was tried.',
    },
  ];
}

function errorTables({ errors }: PeriodReport): PeriodTable[] {
  const empty = 'No failure was recovered from.';
  const count = (what: string, title: string, counted: PeriodReport['errors']['byCategory']): PeriodTable => ({
    id: `by-${what}`,
    title,
    head: [what, 'n', 'recovered'],
    rows: counted.map(({ key, n, recovered }) => [words(key), String(n), share(recovered, n)]),
    empty,
  });
  return [
    count('category', 'Failures by category', errors.byCategory),
    count('type', 'Failures by type', errors.byType),
    {
      id: 'by-fingerprint',
      title: 'The same failure, again',
      head: ['fingerprint', 'n', 'recovered', 'type', 'last target', 'last', 'message'],
      rows: errors.byFingerprint.map(({ key, n, recovered, type, message, lastTarget, lastAt }) => [
        ...[key.slice(0, 8), String(n), share(recovered, n), words(type), lastTarget, day(lastAt), message],
      ]),
      empty: 'No failure has a fingerprint.',
    },
  ];
}

const drillTable = ({ drills }: PeriodReport): PeriodTable => ({
  id: 'drills',
  title: 'Drills',
  head: [
    'drill',
    'playbook',
    'passed',
    'last',
    'when',
    'RTO',
    'last TTR',
    'p50',
    'p95',
    'status',
    'items lost',
    'why not',
  ],
  rows: drills.map(
    ({ name, playbook, runs, verdicts, lastVerdict, lastAt, lastProblem, lastTtrMs, rto, itemsLost }) => [
      name,
      playbook ?? '',
      share(verdicts.passed ?? 0, runs),
      lastVerdict,
      day(lastAt),
      rto.objectiveMs === undefined ? 'none' : formatMs(rto.objectiveMs),
      lastTtrMs === undefined ? '–' : formatMs(lastTtrMs),
      figure(rto, rto.p50),
      figure(rto, rto.p95),
      STATUS_WORDS[rto.status],
      String(itemsLost),
      lastProblem ?? '',
    ],
  ),
  empty: 'No drill was run.',
});

export const periodTables = (report: PeriodReport): PeriodTable[] => [
  ...objectiveTables(report),
  ...timeTables(report),
  ...errorTables(report),
  drillTable(report),
];

/** What the report is about, a line for each fact. */
export function periodFactLines({ read, outcomes, recoveryTime, createdAt, enough }: PeriodReport): string[] {
  const { counted, recovered, successRate, byStatus } = outcomes;
  const rate = successRate === undefined ? `${TOO_FEW} for a rate` : percent(successRate);
  const statuses = Object.entries(byStatus).map(([status, n]) => `${n} ${words(status)}`);
  return [
    `${read.recoveries} recoveries closed${statuses.length > 0 ? ` (${statuses.join(', ')})` : ''}, ${read.drills} drills ended.`,
    `Success: ${recovered} of ${counted}, ${rate}. Those that somebody stopped do not count.`,
    recoveryTime.meanMs === undefined
      ? `Mean time to recover: ${TOO_FEW}, ${recoveryTime.n} of ${enough} samples.`
      : `Mean time to recover: ${formatMs(recoveryTime.meanMs)} (n ${recoveryTime.n}).`,
    ...(read.truncated ? ['There are more in this period: only the newest were read.'] : []),
    ...(read.unread.length > 0
      ? [`The reports of ${read.unread.length} could not be read; they are not counted.`]
      : []),
    `Made at ${createdAt}.`,
  ];
}

/** Days where it is whole days. */
export function periodTitle({ from, to }: Pick<PeriodReport, 'from' | 'to'>): string {
  const short = (iso: string): string => (iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : `${day(iso)} UTC`);
  return `Recoveries from ${short(from)} to ${short(to)}`;
}

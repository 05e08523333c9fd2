import { ACTION_TYPES } from './action.ts';
import { DRILL_VERDICTS } from './drill.ts';
import { ENOUGH_SAMPLES, isSuccess, nearestRank } from './knowledge.ts';
import type { DrillFact, RecoveryFact } from './period-facts.ts';
import type { Judged, Measured, PeriodReport, RecoveryTime, TimeParts } from './period-report.schema.ts';
export type {
  Judged,
  Measured,
  ObjectiveStatus,
  PeriodReport,
  RecoveryTime,
  TimeParts,
} from './period-report.schema.ts';

/** In the order in which they happen. */
export const TIME_PARTS = [
  'detection',
  'planning',
  'humanWait',
  'action',
  'verification',
] as const satisfies (keyof TimeParts)[];

const MOST_FINGERPRINTS = 20;
const MOST_POINTS = 100;

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** By nearest rank; only n below five samples. */
export function measure(samples: readonly number[]): Measured {
  const n = samples.length;
  if (n < ENOUGH_SAMPLES) return { n };
  const sorted = ascending(samples);
  return { n, p50: nearestRank(sorted, 0.5), p95: nearestRank(sorted, 0.95), max: nearestRank(sorted, 1) };
}

/** An objective is met when 95 of 100 kept to it; what was not recovered has not. */
export function judge(objectiveMs: number | undefined, samples: readonly number[], unrecovered = 0): Judged {
  const measured = { ...measure(samples), unrecovered };
  if (objectiveMs === undefined) return { ...measured, status: 'no_objective' };
  const all = ascending([...samples, ...Array.from({ length: unrecovered }, () => Number.POSITIVE_INFINITY)]);
  const facts = { ...measured, objectiveMs, within: all.filter((value) => value <= objectiveMs).length };
  if (all.length === 0) return { ...facts, status: 'unproven' };
  if (all.length < ENOUGH_SAMPLES) return { ...facts, status: 'too_few' };
  return { ...facts, status: nearestRank(all, 0.95) <= objectiveMs ? 'met' : 'missed' };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups].sort(([a, one], [b, other]) => other.length - one.length || a.localeCompare(b));
}

const numbers = <T>(items: readonly T[], pick: (item: T) => number | undefined): number[] =>
  items.flatMap((item) => pick(item) ?? []);

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const byTime = <T extends { closedAt: string }>(items: readonly T[]): T[] =>
  [...items].sort((a, b) => Date.parse(a.closedAt) - Date.parse(b.closedAt));

/** Somebody stopped it: that says nothing about the plan. */
const counts = ({ status }: RecoveryFact): boolean => status !== 'cancelled' && status !== 'killed';

const isRecovered = ({ status }: RecoveryFact): boolean => isSuccess(status);

function recoveryTimeOf(recoveries: readonly RecoveryFact[]): RecoveryTime {
  const proven = recoveries.filter((one) => one.ttrMs !== undefined);
  const measured = measure(numbers(proven, ({ ttrMs }) => ttrMs));
  if (measured.p50 === undefined) return measured;
  const parts = Object.fromEntries(
    TIME_PARTS.map((part) => [part, mean(proven.map((one) => one.parts?.[part] ?? 0))]),
  ) as unknown as TimeParts;
  return { ...measured, meanMs: mean(numbers(proven, ({ ttrMs }) => ttrMs)), parts };
}

function objectivesOf(recoveries: readonly RecoveryFact[]): Pick<PeriodReport['objectives'][number], 'rto' | 'rpo'> {
  const newest = byTime(recoveries).at(-1);
  const unrecovered = recoveries.filter((one) => !isRecovered(one)).length;
  return {
    rto: judge(
      newest?.rtoMs,
      numbers(recoveries, ({ ttrMs }) => ttrMs),
      unrecovered,
    ),
    // What never went back to a checkpoint has lost no time by it.
    rpo: judge(
      newest?.rpoMs,
      numbers(recoveries, ({ checkpointAgeMs }) => checkpointAgeMs),
    ),
  };
}

function actionsOf(recoveries: readonly RecoveryFact[]): PeriodReport['actions'] {
  const actions = recoveries.flatMap((one) => one.actions);
  return ACTION_TYPES.flatMap((type) => {
    const own = actions.filter((action) => action.type === type);
    if (own.length === 0) return [];
    const succeeded = own.filter(({ outcome }) => outcome === 'succeeded' || outcome === 'compensated').length;
    return [{ type, n: own.length, succeeded, time: measure(own.map(({ durationMs }) => durationMs)) }];
  });
}

const countErrors = (recoveries: readonly RecoveryFact[], keyOf: (one: RecoveryFact) => string) =>
  groupBy(recoveries, keyOf).map(([key, own]) => ({ key, n: own.length, recovered: own.filter(isRecovered).length }));

function fingerprintsOf(recoveries: readonly RecoveryFact[]): PeriodReport['errors']['byFingerprint'] {
  const known = recoveries.filter((one) => one.fingerprint !== undefined);
  return groupBy(known, ({ fingerprint = '' }) => fingerprint)
    .slice(0, MOST_FINGERPRINTS)
    .flatMap(([key, own]) => {
      const last = byTime(own).at(-1);
      if (!last) return [];
      const { type, message, target: lastTarget, closedAt: lastAt } = last;
      return [{ key, n: own.length, recovered: own.filter(isRecovered).length, type, message, lastTarget, lastAt }];
    });
}

function drillsOf(drills: readonly DrillFact[]): PeriodReport['drills'] {
  return groupBy(drills, ({ name }) => name)
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([name, all]) => {
      const own = byTime(all);
      const last = own.at(-1);
      if (!last) return [];
      // An invalid or aborted one has broken nothing, or was stopped.
      const told = own.filter(({ verdict }) => verdict === 'passed' || verdict === 'failed');
      const lost = told.filter(({ ttrMs, verdict }) => ttrMs === undefined && verdict === 'failed').length;
      return [
        {
          name,
          playbook: own.findLast(({ playbook }) => playbook !== null)?.playbook ?? null,
          runs: own.length,
          verdicts: Object.fromEntries(
            DRILL_VERDICTS.flatMap((verdict) => {
              const count = own.filter((one) => one.verdict === verdict).length;
              return count === 0 ? [] : [[verdict, count]];
            }),
          ),
          lastVerdict: last.verdict,
          lastAt: last.closedAt,
          ...(last.ttrMs === undefined ? {} : { lastTtrMs: last.ttrMs }),
          ...(last.problem === undefined ? {} : { lastProblem: last.problem }),
          rto: judge(
            last.rtoMs,
            numbers(told, ({ ttrMs }) => ttrMs),
            lost,
          ),
          rpo: judge(
            last.rpoMs,
            numbers(told, ({ checkpointAgeMs }) => checkpointAgeMs),
          ),
          itemsLost: Math.max(0, ...own.map(({ itemsLost }) => itemsLost)),
        },
      ];
    });
}

function trendOf(playbook: string, recoveries: readonly RecoveryFact[]): PeriodReport['trend'][number] {
  const sorted = byTime(recoveries);
  const objectiveMs = sorted.at(-1)?.rtoMs;
  return {
    playbook,
    ...(objectiveMs === undefined ? {} : { objectiveMs }),
    points: sorted.slice(-MOST_POINTS).map(({ closedAt: at, status, ttrMs, workflowId, runId }) => ({
      ...{ at, status, workflowId, runId },
      ...(ttrMs === undefined ? {} : { ttrMs }),
    })),
  };
}

export interface PeriodFacts {
  from: Date;
  to: Date;
  recoveries: readonly RecoveryFact[];
  drills: readonly DrillFact[];
  truncated: boolean;
  unread: PeriodReport['read']['unread'];
}

/** The figures of a period: nothing but what the given recoveries and drills say (requirement 7.3). */
export function periodReportOf(given: PeriodFacts, now: Date): PeriodReport {
  const { from, to, recoveries, drills, truncated, unread } = given;
  const counted = recoveries.filter(counts);
  const recovered = counted.filter(isRecovered).length;
  const playbooks = groupBy(counted, ({ playbook }) => playbook);
  return {
    schemaVersion: 1,
    from: from.toISOString(),
    to: to.toISOString(),
    createdAt: now.toISOString(),
    enough: ENOUGH_SAMPLES,
    read: { recoveries: recoveries.length, drills: drills.length, truncated, unread },
    outcomes: {
      byStatus: Object.fromEntries(
        groupBy(recoveries, ({ status }) => status).map(([key, { length }]) => [key, length]),
      ),
      counted: counted.length,
      recovered,
      ...(counted.length < ENOUGH_SAMPLES ? {} : { successRate: recovered / counted.length }),
    },
    objectives: playbooks.map(([playbook, own]) => ({ playbook, ...objectivesOf(own) })),
    recoveryTime: recoveryTimeOf(counted),
    byPlaybook: playbooks.map(([playbook, own]) => ({ playbook, time: recoveryTimeOf(own) })),
    actions: actionsOf(recoveries),
    errors: {
      byCategory: countErrors(counted, ({ category }) => category),
      byType: countErrors(counted, ({ type }) => type),
      byFingerprint: fingerprintsOf(counted),
    },
    drills: drillsOf(drills),
    trend: playbooks.map(([playbook, own]) => trendOf(playbook, own)),
  };
}

export type {
  DrillRegression,
  DrillSuiteReport,
  ListedSuite,
  PastDrill,
  SuiteDrill,
  SuiteSelection,
  SuiteTimes,
} from './drill-suite.schema.ts';
import type { DrillRegression, DrillSuiteReport, PastDrill, SuiteDrill } from './drill-suite.schema.ts';
import { formatMs } from './duration.ts';

const REMEMBERED = 5;
/** Below so many figures a median is chance. */
const ENOUGH = 3;
const SLOWER = 2;
/** What is over so soon varies by itself. */
const SHORT_MS = 1000;

type Past = Readonly<Record<string, PastDrill>>;

const ofName = (past: Past, name: string): PastDrill | undefined =>
  Object.hasOwn(past, name) ? past[name] : undefined;

/** Of an empty list undefined. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half];
  if (upper === undefined || sorted.length % 2 === 1) return upper;
  return ((sorted[half - 1] ?? upper) + upper) / 2;
}

function regressionOf({ name, verdict, problems, ttrMs }: SuiteDrill, before: PastDrill): DrillRegression | undefined {
  if (before.verdict === 'passed' && verdict !== 'passed') {
    const why = problems[0] === undefined ? '' : `: ${problems[0]}`;
    return { name, kind: 'verdict', message: `${verdict}, and had passed before${why}` };
  }
  const median = before.ttrsMs.length < ENOUGH ? undefined : medianOf(before.ttrsMs);
  if (verdict !== 'passed' || median === undefined || ttrMs === null) return undefined;
  if (ttrMs <= SHORT_MS || ttrMs <= median * SLOWER) return undefined;
  const often = `the median of its last ${before.ttrsMs.length}`;
  return { name, kind: 'slower', message: `${formatMs(ttrMs)} to recover, ${often} is ${formatMs(median)}` };
}

/**
 * What has become worse since the suite before. A drill that is new, or has never passed, is none; one that took twice the median
 * of its last five is, from three on and above a second.
 */
export const findRegressions = (drills: readonly SuiteDrill[], past: Past): DrillRegression[] =>
  drills.flatMap((drill) => {
    const before = ofName(past, drill.name);
    return (before && regressionOf(drill, before)) ?? [];
  });

/** What the next suite is compared with; a drill that was not run keeps what was known of it. */
export function rememberDrills(drills: readonly SuiteDrill[], past: Past): Record<string, PastDrill> {
  const next: Record<string, PastDrill> = { ...past };
  for (const { name, verdict, ttrMs } of drills) {
    const before = ofName(past, name)?.ttrsMs ?? [];
    const ttrsMs = verdict === 'passed' && ttrMs !== null ? [ttrMs, ...before].slice(0, REMEMBERED) : before;
    next[name] = { verdict, ttrsMs };
  }
  return next;
}

/** Nothing at all is no pass. */
export const suiteVerdict = (
  { drills, notRun, problems }: Pick<DrillSuiteReport, 'drills' | 'notRun' | 'problems'>,
  cancelled: boolean,
): DrillSuiteReport['verdict'] => {
  if (cancelled) return 'aborted';
  const good = drills.length > 0 && drills.every(({ verdict }) => verdict === 'passed');
  return good && notRun.length === 0 && problems.length === 0 ? 'passed' : 'failed';
};

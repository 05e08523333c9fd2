import { formatMs } from './duration.ts';
import type { OutcomeMemo, Prediction, Spread, TrackRecord } from './knowledge.schema.ts';
export type { OutcomeMemo, Prediction, Spread, TrackRecord } from './knowledge.schema.ts';

/** Below this many, chance speaks louder than experience: "no data". */
export const ENOUGH_SAMPLES = 5;
/** The playbook's own figure counts as so many samples. */
const PRIOR_WEIGHT = 5;

/** A closed recovery as a list gives it. */
export interface PastRecovery {
  status: string;
  playbook: string | null;
  failureType: string | null;
  startedAt: Date;
  closedAt: Date;
  outcome?: OutcomeMemo;
}

/** Somebody stopped it: that says nothing about the plan. */
const counts = ({ status }: PastRecovery): boolean => status !== 'cancelled' && status !== 'killed';
export const isSuccess = (status: string): boolean => status === 'recovered' || status === 'partial';

/** The value below which that part of them lies, 0 to 1; of numbers in rising order. */
export const nearestRank = (sorted: readonly number[], part: number): number =>
  sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;

/** Nearest rank. Undefined for none. */
export function spreadOf(samples: readonly number[]): Spread | undefined {
  if (samples.length === 0) return undefined;
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = (part: number): number => nearestRank(sorted, part);
  return { n: sorted.length, p50: rank(0.5), p90: rank(0.9), max: rank(1) };
}

function recordOf(oks: readonly boolean[], times: readonly number[]): TrackRecord {
  const n = oks.length;
  if (n < ENOUGH_SAMPLES) return { n };
  const time = times.length < ENOUGH_SAMPLES ? undefined : spreadOf(times);
  return { n, successRate: oks.filter(Boolean).length / n, ...(time ? { time } : {}) };
}

/** Machine time to health where it is known; a person's wait is no part of how fast a plan is. */
function timeOf({ outcome, startedAt, closedAt }: PastRecovery): number {
  const whole = outcome?.ttrMs ?? closedAt.getTime() - startedAt.getTime();
  return Math.max(0, whole - (outcome?.humanWaitMs ?? 0));
}

export function trackRecordOf(past: readonly PastRecovery[]): TrackRecord {
  const counted = past.filter(counts);
  const helped = counted.filter(({ status }) => isSuccess(status));
  return recordOf(
    counted.map(({ status }) => isSuccess(status)),
    helped.map(timeOf),
  );
}

const TRIED = ['succeeded', 'failed', 'timed_out', 'compensated'];

function actionRecord(past: readonly PastRecovery[], id: string): TrackRecord {
  const found = past
    .flatMap(({ outcome }) => outcome?.actions ?? [])
    .filter(([action, status]) => action === id && TRIED.includes(status));
  const ok = ([, status]: OutcomeMemo['actions'][number]): boolean =>
    status === 'succeeded' || status === 'compensated';
  return recordOf(
    found.map(ok),
    found.filter(ok).map(([, , ms]) => ms),
  );
}

/** What is to be expected of a plan of these actions, from recoveries of the same failure type by the same playbook. */
export function predict(
  past: readonly PastRecovery[],
  plan: { confidence: number; actions: readonly { id: string }[] },
): Prediction {
  const record = trackRecordOf(past);
  const successes = (record.successRate ?? 0) * record.n;
  const known = record.successRate === undefined ? 0 : record.n;
  const confidence = (plan.confidence * PRIOR_WEIGHT + (known > 0 ? successes : 0)) / (PRIOR_WEIGHT + known);
  return {
    plan: record,
    actions: Object.fromEntries(plan.actions.map(({ id }) => [id, actionRecord(past, id)])),
    confidence: Math.round(confidence * 1000) / 1000,
  };
}

/** One sentence for whoever has to decide. */
export function describePrediction({ plan, confidence }: Prediction): string {
  if (plan.successRate === undefined)
    return `The past says nothing yet: no data (${plan.n} of ${ENOUGH_SAMPLES} samples)`;
  const time = plan.time ? `, in ${formatMs(plan.time.p50)} (p90 ${formatMs(plan.time.p90)})` : '';
  const helped = `${Math.round(plan.successRate * plan.n)} of ${plan.n} times`;
  return `It has helped ${helped}${time}; confidence ${Math.round(confidence * 100)} %`;
}

/** The records of past recoveries by what `keyOf` says of each, most frequent first. */
export function groupRecords(
  past: readonly PastRecovery[],
  keyOf: (recovery: PastRecovery) => string,
): { key: string; record: TrackRecord; humanWait: Spread | undefined }[] {
  const groups = new Map<string, PastRecovery[]>();
  for (const recovery of past) {
    const key = keyOf(recovery);
    groups.set(key, [...(groups.get(key) ?? []), recovery]);
  }
  return [...groups]
    .map(([key, members]) => ({
      key,
      record: trackRecordOf(members),
      humanWait: spreadOf(members.flatMap(({ outcome }) => (outcome ? [outcome.humanWaitMs] : []))),
    }))
    .sort((a, b) => b.record.n - a.record.n || a.key.localeCompare(b.key));
}

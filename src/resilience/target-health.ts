import type { CheckCount, HealthState, OpenRecovery } from '../domain/monitor.ts';

/** What a monitor knows and has done about one target. Times in milliseconds. */
export interface TargetRecord {
  state: HealthState;
  since: number;
  /** A check is over its threshold, or was and the hold has not passed yet. */
  ill: boolean;
  /** All checks pass since then, while it is ill. */
  passingSince?: number;
  /** It was ill again before the hold was over. */
  relapses: number[];
  /** Starts within the interval. */
  starts: number[];
  cooldownUntil?: number;
  /** What is known of it may be from before the end of its last recovery. */
  staleUntil?: number;
  escalated?: { since: number; told: boolean };
  healthySince?: number;
  maintenance?: { until: number; by: string; reason: string };
  open?: OpenRecovery & { sinceMs: number };
  last?: { recoveryId: string; recoveryRunId: string; endedAt: string };
  problem?: string;
}

export interface TargetRules {
  burst: number;
  intervalMs: number;
  cooldownMs: number;
  holdMs: number;
}

export type TargetEvent = { at: number } & (
  | { type: 'looked'; checks: readonly CheckCount[] }
  | { type: 'tick' }
  | { type: 'lost' }
  | { type: 'started'; open: OpenRecovery }
  | { type: 'notStarted'; problem: string }
  /** `freshAfterMs`: it is looked at again meanwhile. */
  | { type: 'ended'; freshAfterMs: number }
  | { type: 'lookedAgain' }
  | { type: 'told' }
  | { type: 'notTold'; problem: string }
  | { type: 'maintain'; until: number; by: string; reason: string }
  | { type: 'endMaintenance' }
  | { type: 'reset' }
);

/** After a start that failed, and after a call that did not go out. */
const TRY_AGAIN_MS = 30_000;
const FLAPS = 3;

export const newTarget = (at: number): TargetRecord => ({
  state: 'unknown',
  since: at,
  ill: false,
  relapses: [],
  starts: [],
});

type Key =
  'passingSince' | 'cooldownUntil' | 'staleUntil' | 'escalated' | 'healthySince' | 'maintenance' | 'open' | 'problem';

function without(record: TargetRecord, ...keys: Key[]): TargetRecord {
  const rest = { ...record };
  for (const key of keys) delete rest[key];
  return rest;
}

const turn = (record: TargetRecord, state: HealthState, at: number): TargetRecord =>
  record.state === state ? record : { ...record, state, since: at };

function look(known: TargetRecord, checks: readonly CheckCount[], at: number): TargetRecord {
  const isIll = checks.some(({ state }) => state === 'unhealthy');
  const record = isIll ? known : without(known, 'staleUntil');
  if (isIll) {
    const relapsed = record.ill && record.passingSince !== undefined;
    const ill = { ...without(record, 'passingSince', 'healthySince'), ill: true };
    return turn(relapsed ? { ...ill, relapses: [...ill.relapses, at] } : ill, 'unhealthy', at);
  }
  const passes = checks.every(({ state, failures }) => state === 'healthy' && failures === 0);
  if (record.ill) {
    if (!passes) return turn(without(record, 'passingSince'), 'degraded', at);
    return turn({ ...record, passingSince: record.passingSince ?? at }, 'degraded', at);
  }
  if (checks.some(({ state }) => state === 'unknown')) return turn(record, 'unknown', at);
  if (!passes) return turn(record, 'degraded', at);
  return turn({ ...record, healthySince: record.healthySince ?? at }, 'healthy', at);
}

/** What time alone brings: the end of the hold, of a maintenance, of what counts within the interval. */
function age(given: TargetRecord, rules: TargetRules, at: number): TargetRecord {
  let record = given;
  const recent = (time: number): boolean => time > at - rules.intervalMs;
  if (!record.starts.every(recent) || !record.relapses.every(recent))
    record = { ...record, starts: record.starts.filter(recent), relapses: record.relapses.filter(recent) };
  if (record.maintenance && record.maintenance.until <= at) record = without(record, 'maintenance');
  if (record.cooldownUntil !== undefined && record.cooldownUntil <= at) record = without(record, 'cooldownUntil');
  if (record.staleUntil !== undefined && record.staleUntil <= at) record = without(record, 'staleUntil');
  if (record.ill && record.passingSince !== undefined && record.passingSince + rules.holdMs <= at) {
    const well = { ...without(record, 'passingSince', 'problem'), ill: false, healthySince: at };
    record = turn(well, 'healthy', at);
  }
  const { healthySince } = record;
  if (record.escalated && healthySince !== undefined && healthySince + rules.intervalMs <= at)
    record = { ...without(record, 'escalated'), starts: [], relapses: [] };
  return record;
}

function apply(record: TargetRecord, event: TargetEvent, rules: TargetRules): TargetRecord {
  const { at } = event;
  switch (event.type) {
    case 'looked':
      return look(record, event.checks, at);
    case 'lost':
      return turn({ ...without(record, 'passingSince', 'healthySince'), ill: false }, 'unknown', at);
    case 'started':
      return {
        ...without(record, 'problem', 'cooldownUntil'),
        open: { ...event.open, sinceMs: at },
        // Whoever opened the one that was joined has counted it.
        starts: event.open.joined ? record.starts : [...record.starts, at],
      };
    case 'notStarted':
    case 'notTold':
      return { ...record, problem: event.problem, cooldownUntil: at + TRY_AGAIN_MS };
    case 'ended': {
      if (!record.open) return record;
      const { recoveryId, recoveryRunId } = record.open;
      const last = { recoveryId, recoveryRunId, endedAt: new Date(at).toISOString() };
      const ended = { ...without(record, 'open'), last, cooldownUntil: at + rules.cooldownMs };
      if (record.state !== 'unhealthy' || event.freshAfterMs === 0) return ended;
      return { ...ended, staleUntil: at + event.freshAfterMs };
    }
    case 'lookedAgain':
      return without(record, 'staleUntil');
    case 'told':
      return { ...without(record, 'problem'), escalated: { since: record.escalated?.since ?? at, told: true } };
    case 'maintain':
      return { ...record, maintenance: { until: event.until, by: event.by, reason: event.reason } };
    case 'endMaintenance':
      return without(record, 'maintenance');
    case 'reset':
      return { ...without(record, 'escalated', 'cooldownUntil', 'staleUntil', 'problem'), starts: [], relapses: [] };
    case 'tick':
      return record;
  }
}

/** Applies what has happened, after what time alone has brought until then. */
export function reduceTarget(record: TargetRecord, event: TargetEvent, rules: TargetRules): TargetRecord {
  const aged = age(record, rules, event.at);
  const next = age(apply(aged, event, rules), rules, event.at);
  // The limit is a state of its own, which only a person or a long health ends.
  if (
    next.state === 'unhealthy' &&
    !next.open &&
    !next.maintenance &&
    !next.escalated &&
    next.cooldownUntil === undefined &&
    next.staleUntil === undefined
  )
    if (next.starts.length >= rules.burst) return { ...next, escalated: { since: event.at, told: false } };
  return next;
}

/** What is to be done now. */
export function nextStep(record: TargetRecord): 'start' | 'tell' | 'wait' {
  if (record.escalated) return record.escalated.told || record.cooldownUntil !== undefined ? 'wait' : 'tell';
  if (record.state !== 'unhealthy' || record.open || record.maintenance) return 'wait';
  return record.cooldownUntil === undefined && record.staleUntil === undefined ? 'start' : 'wait';
}

/** When time alone changes something again; undefined where it never does. */
export function nextChangeAt(record: TargetRecord, rules: TargetRules): number | undefined {
  const times = [
    record.ill && record.passingSince !== undefined ? record.passingSince + rules.holdMs : undefined,
    record.maintenance?.until,
    record.cooldownUntil,
    record.staleUntil,
    record.escalated && record.healthySince !== undefined ? record.healthySince + rules.intervalMs : undefined,
  ].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

export const isFlapping = ({ relapses }: Pick<TargetRecord, 'relapses'>): boolean => relapses.length >= FLAPS;

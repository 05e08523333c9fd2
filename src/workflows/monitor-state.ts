import type {
  CheckCount,
  CheckCounts,
  HealthState,
  Monitor,
  MonitorHealth,
  OpenRecovery,
  TargetHealth,
  WatchBeat,
  WatchResult,
} from '../domain/monitor.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { toMs } from '../domain/duration.ts';
import { probeKind, type ProbeReading } from '../domain/probe.ts';
import { PLAIN, UNSEEN } from '../resilience/check-count.ts';
import {
  isFlapping,
  newTarget,
  reduceTarget,
  type TargetEvent,
  type TargetRecord,
  type TargetRules,
} from '../resilience/target-health.ts';

type Change = MonitorHealth['changes'][number];

/** All that a monitor knows; carried over continue-as-new. */
export interface MonitorRecord {
  monitor: Monitor;
  startedAt: number;
  counts: CheckCounts;
  /** When the last watch ended, by the host's clock. */
  watchedUntil: number | null;
  readings: Record<string, ProbeReading>;
  targets: Record<string, TargetRecord>;
  host: {
    state: MonitorHealth['host']['state'];
    since: number;
    open?: OpenRecovery;
    /** Of this loss: it is reported once. */
    last?: NonNullable<TargetRecord['last']>;
    problem?: string;
  };
  overall: { state: HealthState; since: number };
  changes: Change[];
}

const KEPT_CHANGES = 50;
const WORST: readonly HealthState[] = ['unhealthy', 'degraded', 'unknown', 'healthy'];

export const rulesOf = ({ startLimit, cooldown, hold }: Monitor): TargetRules => ({
  burst: startLimit.burst,
  intervalMs: toMs(startLimit.interval),
  cooldownMs: toMs(cooldown),
  holdMs: toMs(hold),
});

export const targetsOf = ({ checks }: Monitor): string[] => [...new Set(checks.map(({ target }) => target))];

export function newRecord(monitor: Monitor, at: number): MonitorRecord {
  return {
    monitor,
    startedAt: at,
    counts: { counts: {}, unseen: monitor.checks.map(({ name }) => name) },
    watchedUntil: null,
    readings: {},
    targets: Object.fromEntries(targetsOf(monitor).map((target) => [target, newTarget(at)])),
    host: { state: 'starting', since: at },
    overall: { state: 'unknown', since: at },
    changes: [],
  };
}

export function countOf(
  { counts: { counts, unseen } }: MonitorRecord,
  name: string,
  none = new Set(unseen),
): CheckCount {
  return counts[name] ?? (none.has(name) ? UNSEEN : PLAIN);
}

export function applyTo(record: MonitorRecord, target: string, event: TargetEvent): void {
  const before = record.targets[target];
  // A new definition may have left it out meanwhile.
  if (before) record.targets[target] = reduceTarget(before, event, rulesOf(record.monitor));
}

/** Tells every target how its checks stand. */
export function judgeTargets(record: MonitorRecord, at: number): void {
  const none = new Set(record.counts.unseen);
  const byTarget = new Map<string, CheckCount[]>();
  for (const { name, target } of record.monitor.checks) {
    const checks = byTarget.get(target) ?? [];
    checks.push(countOf(record, name, none));
    byTarget.set(target, checks);
  }
  for (const [target, checks] of byTarget) applyTo(record, target, { type: 'looked', at, checks });
}

export function takeResult(record: MonitorRecord, result: WatchResult, at: number): void {
  record.counts = { counts: result.counts, unseen: result.unseen };
  record.watchedUntil = result.endedAt;
  for (const reading of result.readings) record.readings[reading.name] = reading;
  if (record.host.state !== 'watching') record.host = { state: 'watching', since: at };
  judgeTargets(record, at);
}

/** What a watch that died had counted; its readings are lost. */
export function takeBeat(record: MonitorRecord, { since, counts, unseen }: WatchBeat, at: number): void {
  record.counts = { counts, unseen };
  record.watchedUntil = since;
  judgeTargets(record, at);
}

/** Nobody looks: nothing is known any more, and what was counted is worth nothing. */
export function loseHost(record: MonitorRecord, problem: string, at: number): void {
  const { host, monitor } = record;
  record.host = host.state === 'lost' ? { ...host, problem } : { state: 'lost', since: at, problem };
  record.counts = { counts: {}, unseen: monitor.checks.map(({ name }) => name) };
  record.watchedUntil = null;
  for (const target of Object.keys(record.targets)) applyTo(record, target, { type: 'lost', at });
}

/** Its recovery has ended, and nobody looks yet. */
export function closeHostRecovery(record: MonitorRecord, at: number): void {
  const { open, ...host } = record.host;
  if (!open) return;
  const { recoveryId, recoveryRunId } = open;
  record.host = { ...host, last: { recoveryId, recoveryRunId, endedAt: iso(at) } };
}

export function noteChange(record: MonitorRecord, change: Omit<Change, 'at'>, at: number): void {
  record.changes = [...record.changes, { at: new Date(at).toISOString(), ...change }].slice(-KEPT_CHANGES);
}

const sameMonitor = (a: Monitor, b: Monitor): boolean => canonicalJson(a) === canonicalJson(b);

/** Takes a new definition. Counts stay for checks that look at the same thing for the same target. False: nothing is new. */
export function configure(record: MonitorRecord, monitor: Monitor, at: number): boolean {
  const before = record.monitor;
  if (sameMonitor(before, monitor)) return false;
  const sameHost = before.host === monitor.host;
  const known = new Map(before.checks.map((check) => [check.name, check]));
  const none = new Set(record.counts.unseen);
  const next: CheckCounts = { counts: {}, unseen: [] };
  const readings: Record<string, ProbeReading> = {};
  for (const { name, target, probe } of monitor.checks) {
    const old = known.get(name);
    const stays = sameHost && old?.target === target && canonicalJson(old.probe) === canonicalJson(probe);
    if (!stays || none.has(name)) {
      next.unseen.push(name);
      continue;
    }
    const count = record.counts.counts[name];
    if (count) next.counts[name] = count;
    const reading = record.readings[name];
    if (reading) readings[name] = reading;
  }
  record.monitor = monitor;
  record.counts = next;
  record.readings = readings;
  if (!sameHost) {
    record.watchedUntil = null;
    record.host = { state: 'starting', since: at };
  }
  record.targets = Object.fromEntries(
    targetsOf(monitor).map((target) => [target, record.targets[target] ?? newTarget(at)]),
  );
  return true;
}

const iso = (time: number): string => new Date(time).toISOString();

export function targetHealth(record: MonitorRecord, target: string): TargetHealth {
  const { monitor, targets, readings } = record;
  const known = targets[target] ?? newTarget(record.startedAt);
  const none = new Set(record.counts.unseen);
  return {
    target,
    state: known.state,
    since: iso(known.since),
    flapping: isFlapping(known),
    startsInInterval: known.starts.length,
    openRecovery: known.open ? openOf(known.open) : null,
    lastRecovery: known.last ?? null,
    cooldownUntil: known.cooldownUntil === undefined ? null : iso(known.cooldownUntil),
    escalatedSince: known.escalated ? iso(known.escalated.since) : null,
    maintenance: known.maintenance ? { ...known.maintenance, until: iso(known.maintenance.until) } : null,
    problem: known.problem ?? null,
    checks: monitor.checks
      .filter((check) => check.target === target)
      .map(({ name, probe }) => {
        const { state, failures, successes } = countOf(record, name, none);
        const reading = readings[name];
        return {
          name,
          kind: probeKind(probe),
          state: state === 'healthy' && failures > 0 ? 'degraded' : state,
          failuresInRow: failures,
          successesInRow: successes,
          since: reading?.at ?? null,
          lastReading: reading ?? null,
        };
      }),
  };
}

const openOf = ({ recoveryId, recoveryRunId, since, joined }: OpenRecovery): OpenRecovery => ({
  recoveryId,
  recoveryRunId,
  since,
  joined,
});

/** The worst of its targets. */
export const overallOf = ({ targets }: MonitorRecord): HealthState =>
  WORST.find((state) => Object.values(targets).some((target) => target.state === state)) ?? 'unknown';

export function healthOf(record: MonitorRecord): MonitorHealth {
  const { monitor, host, overall } = record;
  return {
    name: monitor.name,
    state: overall.state,
    since: iso(overall.since),
    host: {
      name: monitor.host,
      state: host.state,
      since: iso(host.since),
      openRecovery: host.open ?? null,
      lastRecovery: host.last ?? null,
      problem: host.problem ?? null,
    },
    targets: Object.keys(record.targets).map((target) => targetHealth(record, target)),
    changes: record.changes,
  };
}

import { closedRecoveryOf, type ClosedAction } from './closed-recovery.ts';
import type { DrillReport } from './drill.ts';
import { toMs } from './duration.ts';
import { momentOfId } from './ids.ts';
import type { TimeParts } from './period-report.schema.ts';
import type { RecoveryReport } from './report.ts';
import { sessionRestoredTo } from './session.ts';

/** What a report for a period needs of a closed recovery. Milliseconds. */
export interface RecoveryFact {
  kind: 'recovery';
  workflowId: string;
  runId: string;
  target: string;
  /** `killed` where it left no report. */
  status: string;
  closedAt: string;
  playbook: string;
  category: string;
  type: string;
  fingerprint?: string;
  message: string;
  rtoMs?: number;
  rpoMs?: number;
  /** Absent where it was not proven to be well again. */
  ttrMs?: number;
  parts?: TimeParts;
  /** From the checkpoint that was gone back to, to the fault. */
  checkpointAgeMs?: number;
  actions: ClosedAction[];
}

/** And of a drill that has ended. */
export interface DrillFact {
  kind: 'drill';
  workflowId: string;
  name: string;
  verdict: string;
  problem?: string;
  closedAt: string;
  playbook: string | null;
  rtoMs?: number;
  rpoMs?: number;
  ttrMs?: number;
  checkpointAgeMs?: number;
  itemsLost: number;
}

/** Who and when, as a list gives it. */
export interface ClosedExecution {
  workflowId: string;
  runId: string;
  closedAt: string;
}

const LONGEST_MESSAGE = 200;
const LONGEST_PROBLEM = 300;

const present = <T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;

const between = (from: string | undefined, to: string | undefined): number =>
  from === undefined || to === undefined ? 0 : Math.max(0, Date.parse(to) - Date.parse(from));

/** A recovery, or a drill of one. */
interface Timed {
  times: { [Moment in 't0' | 't1' | 't2' | 't4' | 't5']?: string | undefined };
  durations: RecoveryReport['durations'] | { ttrMs?: number | undefined; humanWaitMs: number };
}

/**
 * Where the time to recover went. What is neither detection, planning nor verification is action, but for the time in which a
 * person was waited for; the parts add up to the whole.
 */
export function timePartsOf({ times, durations }: Timed): TimeParts | undefined {
  const { ttrMs } = durations;
  if (ttrMs === undefined) return undefined;
  let left = ttrMs;
  const take = (wanted: number): number => {
    const taken = Math.min(left, wanted);
    left -= taken;
    return taken;
  };
  const detection = take(between(times.t0, times.t1));
  const planning = take(between(times.t1, times.t2));
  const verification = take(between(times.t4, times.t5));
  const humanWait = take(durations.humanWaitMs);
  return { detection, planning, humanWait, action: left, verification };
}

function checkpointAge({ restored, actions, times }: RecoveryReport): number | undefined {
  const session = sessionRestoredTo(actions);
  const capturedAt = restored
    ? momentOfId(restored.checkpointId)
    : session === undefined
      ? undefined
      : Date.parse(session);
  return capturedAt === undefined ? undefined : Math.max(0, Date.parse(times.t0) - capturedAt);
}

export function recoveryFactOf(report: RecoveryReport, { workflowId, runId, closedAt }: ClosedExecution): RecoveryFact {
  const { classification, failure, plan, target } = report;
  const { status, playbook, failureType, actions } = closedRecoveryOf(report);
  const { rto, rpo } = plan?.objectives ?? {};
  return present({
    kind: 'recovery',
    workflowId,
    runId,
    target,
    status,
    closedAt,
    playbook,
    category: classification?.category ?? failure.category ?? 'UNKNOWN',
    type: failureType,
    fingerprint: classification?.fingerprint,
    message: failure.message.slice(0, LONGEST_MESSAGE),
    rtoMs: rto === undefined ? undefined : toMs(rto),
    rpoMs: rpo === undefined ? undefined : toMs(rpo),
    ttrMs: report.durations.ttrMs,
    parts: timePartsOf(report),
    checkpointAgeMs: checkpointAge(report),
    actions,
  });
}

export function drillFactOf(report: DrillReport, { workflowId, closedAt }: ClosedExecution): DrillFact {
  const { name, verdict, problems, objectives, durations, recovery, items } = report;
  return present({
    kind: 'drill',
    workflowId,
    name,
    verdict,
    problem: problems[0]?.slice(0, LONGEST_PROBLEM),
    closedAt,
    playbook: recovery?.playbook ?? null,
    rtoMs: toMs(objectives.rto),
    rpoMs: objectives.rpo === undefined ? undefined : toMs(objectives.rpo),
    ttrMs: durations.ttrMs,
    checkpointAgeMs: durations.checkpointAgeMs,
    itemsLost: items.lost.length,
  });
}

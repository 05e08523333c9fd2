import type { ApprovalRecord, DecideInput } from './approval.ts';
import type { Classification, Failure } from './failure.ts';
import type { Plan } from './plan.ts';
import type { ProbeReading } from './probe.ts';
import type { ActionRecord, ClosedRecoveryStatus, RecordedError, Resolution, TimelineEntry } from './recovery.ts';

export interface CompensationRecord {
  actionId: string;
  title: string;
  ok: boolean;
  attempts: number;
  durationMs: number;
  error?: RecordedError;
}

/** ISO 8601; the words of design 1. */
export interface RecoveryTimes {
  t0: string;
  t1: string;
  t2?: string;
  t3?: string;
  t4?: string;
  t5?: string;
}

export interface RecoveryReport {
  schemaVersion: 1;
  workflowId: string;
  runId: string;
  target: string;
  subject?: string;
  status: ClosedRecoveryStatus;
  /** One sentence that says how it ended and why. */
  summary: string;
  nextSteps: string[];
  resolvedBy?: Resolution;
  failure: Failure;
  joined: Failure[];
  classification?: Classification;
  plan?: Plan;
  actions: ActionRecord[];
  approvals: ApprovalRecord[];
  decisions: (DecideInput & { at: string })[];
  verification: {
    /** True only when something was looked at and found to work. */
    verified: boolean;
    how: 'probes' | 'operation' | 'none';
    before: ProbeReading[];
    after: ProbeReading[];
    heldForMs: number;
  };
  compensations: CompensationRecord[];
  restored?: RestoredCheckpoint;
  times: RecoveryTimes;
  durations: { ttdMs: number; timeToMitigateMs?: number; ttrMs?: number; humanWaitMs: number; totalMs: number };
  timeline: TimelineEntry[];
  error?: RecordedError;
}

export interface RestoredCheckpoint {
  checkpointId: string;
  /** The checkpoint of what was there before: restoring it is the undo. */
  backupId?: string;
  manifestSha256: string;
  changed: number;
}

import type { HostChange, HostRecord, HostState } from '../domain/host.ts';
import type { ResolvedAlert } from '../domain/alert.ts';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ApproveInput, CompleteManualStepInput, DecideInput, DenyInput, PauseInput } from '../domain/approval.ts';
import type { CopiedArtifact } from '../activities/artifacts/copy-artifact.ts';
import type { SavedVersion } from '../activities/artifacts/save-artifacts.ts';
import type { Artifact } from '../domain/artifact.ts';
import type { AcquireInput, Admission, BreakerAnswer, BreakerSnapshot, ReportInput } from '../domain/breaker.ts';
import type { ConfigureInput, ForceCloseInput, ManualChangeInput } from '../domain/breaker.schema.ts';
import type { BulkReport } from '../domain/bulk.ts';
import type { CheckpointDiff } from '../activities/checkpoints/diff-checkpoints.ts';
import type { CheckpointFilter, CheckpointRecord, RetentionPolicy, StateParts } from '../domain/checkpoint.ts';
import type { DrillFacts } from '../domain/drill.ts';
import type { DrillSuiteReport } from '../domain/drill-suite.ts';
import type { Failure } from '../domain/failure.ts';
import type {
  CheckNowInput,
  MaintenanceInput,
  Monitor,
  MonitorChange,
  MonitorHealth,
  ResetTargetInput,
} from '../domain/monitor.ts';
import type { Plan } from '../domain/plan.ts';
import type { AllowedDecision, RecoverySnapshot, TimelineEntry } from '../domain/recovery.ts';
import type { RestoreOptions, RestoreResult } from '../domain/rollback.ts';
import type { CheckpointFinding } from '../domain/store-care.ts';
import type { HeldOperation, ServiceSnapshot } from '../domain/service.schema.ts';
import type { ServiceChange } from '../domain/service.ts';
import type { RecoveryOutcome, RunSnapshot } from '../domain/run.ts';
import type { TransactionSnapshot } from '../domain/transaction.ts';

/** What a message did to the recovery: the status after it. */
export interface MessageReceipt {
  status: string;
  note: string;
}

export interface ResolvedReceipt extends MessageReceipt {
  /** What the end of the alert has done to the recovery. */
  outcome: 'noted' | 'cancelled' | 'recovered';
}

// recovery: updates answer and refuse, the signals of the same names are for callers that do not wait.
export const approveUpdate = defineUpdate<MessageReceipt, [ApproveInput]>('approve');
export const denyUpdate = defineUpdate<MessageReceipt, [DenyInput]>('deny');
export const completeManualStepUpdate = defineUpdate<MessageReceipt, [CompleteManualStepInput]>('completeManualStep');
export const decideUpdate = defineUpdate<MessageReceipt, [DecideInput]>('decide');
export const pauseUpdate = defineUpdate<MessageReceipt, [PauseInput]>('pause');
export const resumeUpdate = defineUpdate<MessageReceipt, [PauseInput]>('resume');
export const reportUpdate = defineUpdate<MessageReceipt, [Failure]>('report');
export const alertResolvedUpdate = defineUpdate<ResolvedReceipt, [ResolvedAlert]>('alertResolved');
export const approveSignal = defineSignal<[ApproveInput]>('approve');
export const denySignal = defineSignal<[DenyInput]>('deny');
export const completeManualStepSignal = defineSignal<[CompleteManualStepInput]>('completeManualStep');
export const statusQuery = defineQuery<RecoverySnapshot>('status');
export const planQuery = defineQuery<Plan | null>('plan');
export const timelineQuery = defineQuery<TimelineEntry[], [{ after?: number }?]>('timeline');
export const allowedDecisionsQuery = defineQuery<AllowedDecision[]>('allowedDecisions');

// protectedRun
export const recoveryClosedSignal = defineSignal<[RecoveryOutcome]>('recoveryClosed');
// any workflow that waits for a recovery of one of its steps
export const retryStepUpdate = defineUpdate<{ done: boolean }, [{ key: string }]>('rerailRetryStep');
export const runStatusQuery = defineQuery<RunSnapshot>('status');

// transaction; an undo that waits for a person is answered by the update `decide`
export const transactionStatusQuery = defineQuery<TransactionSnapshot>('status');

// checkpointLedger
export interface CreateCheckpointInput {
  id: string;
  name: string;
  type: CheckpointRecord['info']['type'];
  description?: string;
  tags?: string[];
  phase?: string;
  phaseIndex?: number;
  agent?: string;
  lane?: CheckpointRecord['info']['lane'];
  stepName?: string;
  host: string;
  /** Absent: only the state is kept. */
  root?: string;
  exclude?: string[];
  state?: StateParts;
  /** Databases and the like, by the names that the host's worker knows. */
  providers?: string[];
}
export interface RestoreInput {
  id: string;
  /** Of the backup; the caller fixes it, so that a repeated request makes no second one. */
  backupId: string;
  by: string;
  options?: Partial<RestoreOptions>;
  /** Default: where it was captured. Another one takes the checkpoint from the replica. */
  host?: string;
  root?: string;
}
export interface CleanupInput {
  policy: RetentionPolicy;
  dryRun: boolean;
}
export interface CleanupResult {
  kept: { id: string; reasons: string[] }[];
  removed: string[];
  freedBytes: number;
  dryRun: boolean;
}
export const createCheckpointUpdate = defineUpdate<CheckpointRecord, [CreateCheckpointInput]>('create');
export const addCheckpointUpdate = defineUpdate<{ count: number }, [CheckpointRecord]>('add');
export const restoreCheckpointUpdate = defineUpdate<RestoreResult, [RestoreInput]>('restore');
export const verifyCheckpointUpdate = defineUpdate<CheckpointRecord, [{ id: string; level: 'quick' | 'full' }]>(
  'verify',
);
export const invalidateCheckpointUpdate = defineUpdate<CheckpointRecord, [{ id: string; reason: string }]>(
  'invalidate',
);
export const deleteCheckpointUpdate = defineUpdate<{ freedBytes: number }, [{ id: string }]>('delete');
export const cleanupUpdate = defineUpdate<CleanupResult, [CleanupInput]>('cleanup');
export const noteFindingsUpdate = defineUpdate<{ changed: number }, [CheckpointFinding[]]>('noteFindings');
export const diffCheckpointsUpdate = defineUpdate<CheckpointDiff, [{ from: string; to: string }]>('diff');
export const listCheckpointsQuery = defineQuery<CheckpointRecord[], [CheckpointFilter?]>('list');
export const getCheckpointQuery = defineQuery<CheckpointRecord | null, [string]>('get');

// artifacts of the subject of a ledger
export interface SaveArtifactInput {
  host: string;
  /** Absolute, on that host. */
  workspace: string;
  /** In the workspace. */
  path: string;
  name: string;
  type?: string;
  version?: string;
  /** The same again is answered as the first time. */
  key: string;
}
export interface ArtifactVersionInput {
  host: string;
  name: string;
  version: string;
}
export const listArtifactsUpdate = defineUpdate<Artifact[], [{ host: string }]>('listArtifacts');
export const saveArtifactUpdate = defineUpdate<SavedVersion | null, [SaveArtifactInput]>('saveArtifact');
export const copyArtifactUpdate = defineUpdate<
  CopiedArtifact,
  [{ host: string; name: string; version?: string; to: string }]
>('copyArtifact');
export const activateArtifactUpdate = defineUpdate<
  { previousVersion: string; version: string },
  [ArtifactVersionInput & { workspace?: string }]
>('activateArtifact');
export const removeArtifactUpdate = defineUpdate<void, [ArtifactVersionInput]>('removeArtifact');

// bulkRecovery answers `pause` and `resume` as a recovery does.
export const stopUpdate = defineUpdate<MessageReceipt, [PauseInput]>('stop');
export const bulkProgressQuery = defineQuery<BulkReport>('progress');

// drill
export const drillReportQuery = defineQuery<DrillFacts>('report');

// drillSuite
export const suiteReportQuery = defineQuery<DrillSuiteReport>('report');

// circuitBreaker: who asks whether a call may be made, and tells how calls have gone.
export const acquireUpdate = defineUpdate<Admission, [AcquireInput]>('acquire');
export const reportResultsUpdate = defineUpdate<BreakerAnswer, [ReportInput]>('report');
/** For callers that do not wait; a wrong one is only logged. */
export const reportResultsSignal = defineSignal<[ReportInput]>('report');

// Changes by hand.
export const forceOpenUpdate = defineUpdate<BreakerSnapshot, [ManualChangeInput]>('forceOpen');
export const forceCloseUpdate = defineUpdate<BreakerSnapshot, [ForceCloseInput]>('forceClose');
export const resetBreakerUpdate = defineUpdate<BreakerSnapshot, [ManualChangeInput]>('reset');
export const configureBreakerUpdate = defineUpdate<BreakerSnapshot, [ConfigureInput]>('configure');
export const breakerStatusQuery = defineQuery<BreakerSnapshot>('status');

// healthMonitor
export const configureMonitorUpdate = defineUpdate<MonitorHealth, [MonitorChange & { monitor: Monitor }]>('configure');
export const maintenanceUpdate = defineUpdate<MonitorHealth, [MaintenanceInput]>('maintenance');
export const resetTargetUpdate = defineUpdate<MonitorHealth, [ResetTargetInput]>('resetTarget');
export const checkNowUpdate = defineUpdate<MonitorHealth, [CheckNowInput]>('checkNow');
export const stopMonitorUpdate = defineUpdate<MonitorHealth, [MonitorChange]>('stop');
export const monitorHealthQuery = defineQuery<MonitorHealth>('health');

// hostRecord
export const changeHostUpdate = defineUpdate<HostRecord, [HostChange]>('change');
/** For callers that do not wait; a wrong one is only logged. */
export const changeHostSignal = defineSignal<[HostChange]>('change');
export const hostStateQuery = defineQuery<HostState>('state');

// serviceState
export const changeServiceUpdate = defineUpdate<ServiceSnapshot, [ServiceChange]>('change');
/** For callers that do not wait; a wrong one is only logged. */
export const changeServiceSignal = defineSignal<[ServiceChange]>('change');
export const holdOperationUpdate = defineUpdate<{ held: number }, [HeldOperation]>('hold');
export const dropHeldUpdate = defineUpdate<{ held: number }, [{ ids: string[] }]>('dropHeld');
export const serviceStatusQuery = defineQuery<ServiceSnapshot>('status');
export const heldOperationsQuery = defineQuery<HeldOperation[]>('held');

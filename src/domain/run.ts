import type { CompensationRecord } from './report.ts';
import type { Json } from './canonical-json.ts';
import type { StateParts } from './checkpoint.ts';
import type { Pipeline } from './pipeline.ts';
import type { ClosedRecoveryStatus, RecordedError, Resolution } from './recovery.ts';

export const RUN_STATUSES = ['running', 'recovering', 'compensating', 'succeeded', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
export const RUN_STEP_STATUSES = [
  'pending',
  'running',
  'succeeded',
  'recovered',
  'skipped',
  'failed',
  'compensated',
] as const;
export type RunStepStatus = (typeof RUN_STEP_STATUSES)[number];

/** Everything a run needs, resolved before it starts. */
export interface RunInput {
  pipeline: Pipeline;
  key: string;
  target: string;
  /** Whose checkpoints these are: the run's own workflow id. */
  subject: string;
  workspace: string;
  host: string;
  /** By name, instead of by choice, for the recoveries of this run. */
  playbook?: string;
}

/** What a recovery tells the run that asked for it. */
export interface RecoveryOutcome {
  recoveryId: string;
  recoveryRunId: string;
  status: ClosedRecoveryStatus;
  summary: string;
  /** Steps whose operation worked again, in order. */
  resolvedBy?: Resolution;
  restoredCheckpointId?: string;
  /** State parts of the checkpoint that was restored. */
  state?: StateParts;
  output?: Json;
  /** False for a failure that joined somebody else's recovery: its own operation was not tried. */
  primary: boolean;
}

export interface RunStepRecord {
  phase: string;
  step: string;
  index: number;
  optional: boolean;
  status: RunStepStatus;
  attempts: number;
  durationMs: number;
  error?: RecordedError;
  recoveries: string[];
}

export interface RunSnapshot {
  workflowId: string;
  runId: string;
  name: string;
  target: string;
  status: RunStatus;
  phase?: string;
  step?: string;
  steps: RunStepRecord[];
  checkpoints: number;
  lastCheckpointId?: string;
  openRecovery?: string;
}

export interface RunReport {
  schemaVersion: 1;
  workflowId: string;
  runId: string;
  name: string;
  target: string;
  subject: string;
  status: 'succeeded' | 'failed' | 'cancelled';
  summary: string;
  steps: RunStepRecord[];
  recoveries: RecoveryOutcome[];
  checkpoints: { id: string; name: string; checksum: string }[];
  compensations: CompensationRecord[];
  context: Record<string, Json>;
  startedAt: string;
  durationMs: number;
  error?: RecordedError;
}

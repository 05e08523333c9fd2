import { z } from 'zod';
import { StatePartsSchema } from './checkpoint.schema.ts';
import { JsonSchema } from './names.schema.ts';
import { PipelineSchema } from './pipeline.schema.ts';
import { RecordedErrorSchema, ResolutionSchema } from './recovery.schema.ts';
import { CLOSED_RECOVERY_STATUSES } from './recovery.ts';
import { CompensationRecordSchema, RestoredCheckpointSchema } from './report.schema.ts';
import { RUN_STATUSES, RUN_STEP_STATUSES } from './run.ts';

/** Everything a run needs, resolved before it starts. */
export const RunInputSchema = z.object({
  pipeline: PipelineSchema,
  key: z.string(),
  target: z.string(),
  /** Whose checkpoints these are: the run's own workflow id. */
  subject: z.string(),
  workspace: z.string(),
  host: z.string(),
  /** Of the behaviour that it was started with. */
  version: z.number().int().optional(),
  inputs: z.record(z.string(), JsonSchema).optional(),
  /** A checkpoint of an earlier run of this pipeline: restored first, then the run goes on behind it. */
  resumeFrom: z.object({ checkpointId: z.string(), by: z.string(), reason: z.string() }).optional(),
  /** By name, instead of by choice, for the recoveries of this run. */
  playbook: z.string().optional(),
});

/** What a recovery tells the run that asked for it. */
export const RecoveryOutcomeSchema = z.object({
  recoveryId: z.string(),
  recoveryRunId: z.string(),
  status: z.enum(CLOSED_RECOVERY_STATUSES),
  summary: z.string(),
  resolvedBy: ResolutionSchema.optional(),
  restoredCheckpointId: z.string().optional(),
  /** State parts of the checkpoint that was restored. */
  state: StatePartsSchema.optional(),
  output: JsonSchema.optional(),
  /** False for a failure that joined somebody else's recovery: its own operation was not tried. */
  primary: z.boolean(),
});

export const RunStepRecordSchema = z.object({
  phase: z.string(),
  step: z.string(),
  index: z.number().int(),
  optional: z.boolean(),
  status: z.enum(RUN_STEP_STATUSES),
  attempts: z.number().int(),
  durationMs: z.number(),
  error: RecordedErrorSchema.optional(),
  recoveries: z.array(z.string()),
  /** Why it was left out, or where it was done. */
  note: z.string().optional(),
});

/** Answer of the query `status` of a run. */
export const RunSnapshotSchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  name: z.string(),
  target: z.string(),
  status: z.enum(RUN_STATUSES),
  phase: z.string().optional(),
  step: z.string().optional(),
  steps: z.array(RunStepRecordSchema),
  checkpoints: z.number().int(),
  lastCheckpointId: z.string().optional(),
  openRecovery: z.string().optional(),
});

export const RunReportSchema = z.object({
  schemaVersion: z.literal(1),
  workflowId: z.string(),
  runId: z.string(),
  name: z.string(),
  target: z.string(),
  subject: z.string(),
  status: z.enum(['succeeded', 'failed', 'cancelled']),
  summary: z.string(),
  steps: z.array(RunStepRecordSchema),
  recoveries: z.array(RecoveryOutcomeSchema),
  checkpoints: z.array(z.object({ id: z.string(), name: z.string(), checksum: z.string() })),
  compensations: z.array(CompensationRecordSchema),
  context: z.record(z.string(), JsonSchema),
  outputs: z.record(z.string(), JsonSchema).optional(),
  budget: z.object({ limitMs: z.number(), usedMs: z.number(), exceeded: z.boolean() }).optional(),
  resumedFrom: RestoredCheckpointSchema.optional(),
  startedAt: z.string(),
  durationMs: z.number(),
  error: RecordedErrorSchema.optional(),
});

export type RunInput = z.infer<typeof RunInputSchema>;
export type RecoveryOutcome = z.infer<typeof RecoveryOutcomeSchema>;
export type RunStepRecord = z.infer<typeof RunStepRecordSchema>;
export type RunSnapshot = z.infer<typeof RunSnapshotSchema>;
export type RunReport = z.infer<typeof RunReportSchema>;

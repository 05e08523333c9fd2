import { z } from 'zod';
import { DecideInputSchema } from './approval.schema.ts';
import { CategorySchema, FailureSchema, FailureTypeSchema, SeveritySchema } from './failure.schema.ts';
import { Sha256Schema } from './names.schema.ts';
import { PlanSchema } from './plan.schema.ts';
import { ProbeReadingSchema } from './probe.schema.ts';
import { ActionRecordSchema, RecordedErrorSchema, ResolutionSchema, TimelineEntrySchema } from './recovery.schema.ts';
import { CLOSED_RECOVERY_STATUSES } from './recovery.ts';

/** A decision of a person, as the report keeps it. */
export const ApprovalRecordSchema = z.object({
  verdict: z.enum(['approved', 'denied', 'timed_out']),
  by: z.string(),
  reason: z.string().optional(),
  at: z.string(),
  planHash: z.string(),
  /** Absent: the plan as a whole. */
  actionId: z.string().optional(),
  /** Temporal does not authenticate what a message says: the name is a claim. */
  authenticated: z.boolean(),
  via: z.enum(['signal', 'update', 'timer']),
  roles: z.array(z.string()).optional(),
  /** Given in an emergency, past roles and quorum. */
  breakGlass: z.boolean().optional(),
  /** Why it does not count after all: the target had changed before the plan could start. */
  voidedBy: z.string().optional(),
  /** What the target would have been changed from and to when it was asked for. */
  stateHash: z.string().optional(),
  /** Taken along from the recovery that this one continues. */
  carriedFrom: z.string().optional(),
});

export const CompensationRecordSchema = z.object({
  actionId: z.string(),
  title: z.string(),
  ok: z.boolean(),
  attempts: z.number().int(),
  durationMs: z.number(),
  error: RecordedErrorSchema.optional(),
});

export const RestoredCheckpointSchema = z.object({
  checkpointId: z.string(),
  /** The checkpoint of what was there before: restoring it is the undo. */
  backupId: z.string().optional(),
  manifestSha256: z.string(),
  changed: z.number().int(),
});

export const ClassificationSchema = z.object({
  category: CategorySchema,
  type: FailureTypeSchema,
  severity: SeveritySchema,
  rule: z.string(),
  /** Equal for the same failure at another time, under another process or temporary directory. */
  fingerprint: Sha256Schema.optional(),
});

/** ISO 8601; the words of design 1. */
export const RecoveryTimesSchema = z.object({
  t0: z.string(),
  t1: z.string(),
  t2: z.string().optional(),
  t3: z.string().optional(),
  t4: z.string().optional(),
  t5: z.string().optional(),
});

/** A playbook that was tried and did not help (requirement 4.10). */
export const FailedStrategySchema = z.object({
  playbook: z.string(),
  planHash: z.string(),
  /** Why it did not help. */
  error: RecordedErrorSchema,
  actions: z.array(ActionRecordSchema),
  probes: z.array(ProbeReadingSchema),
});

/** The result of a recovery, however it ends. */
export const RecoveryReportSchema = z.object({
  schemaVersion: z.literal(1),
  workflowId: z.string(),
  runId: z.string(),
  target: z.string(),
  subject: z.string().optional(),
  status: z.enum(CLOSED_RECOVERY_STATUSES),
  /** One sentence that says how it ended and why. */
  summary: z.string(),
  nextSteps: z.array(z.string()),
  resolvedBy: ResolutionSchema.optional(),
  failure: FailureSchema,
  joined: z.array(FailureSchema),
  classification: ClassificationSchema.optional(),
  plan: PlanSchema.optional(),
  actions: z.array(ActionRecordSchema),
  /** What was tried before `plan`, oldest first; absent when it was the first. */
  failedStrategies: z.array(FailedStrategySchema).optional(),
  approvals: z.array(ApprovalRecordSchema),
  decisions: z.array(DecideInputSchema.extend({ at: z.string() })),
  verification: z.object({
    /** True only when something was looked at and found to work. */
    verified: z.boolean(),
    how: z.enum(['probes', 'operation', 'none']),
    before: z.array(ProbeReadingSchema),
    after: z.array(ProbeReadingSchema),
    heldForMs: z.number(),
  }),
  compensations: z.array(CompensationRecordSchema),
  restored: RestoredCheckpointSchema.optional(),
  times: RecoveryTimesSchema,
  durations: z.object({
    ttdMs: z.number(),
    timeToMitigateMs: z.number().optional(),
    ttrMs: z.number().optional(),
    humanWaitMs: z.number(),
    totalMs: z.number(),
  }),
  timeline: z.array(TimelineEntrySchema),
  error: RecordedErrorSchema.optional(),
});

export type FailedStrategy = z.infer<typeof FailedStrategySchema>;
export type ApprovalRecord = z.infer<typeof ApprovalRecordSchema>;
export type CompensationRecord = z.infer<typeof CompensationRecordSchema>;
export type RestoredCheckpoint = z.infer<typeof RestoredCheckpointSchema>;
export type RecoveryReport = z.infer<typeof RecoveryReportSchema>;

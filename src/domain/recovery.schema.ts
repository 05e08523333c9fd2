import { z } from 'zod';
import { ApprovalPolicySchema, ImpactSchema } from './approval.schema.ts';
import { ACTION_STATUSES, ACTION_TYPES } from './action.ts';
import { PredictionSchema } from './knowledge.schema.ts';
import { JsonSchema } from './names.schema.ts';
import { RECOVERY_STATUSES } from './recovery.ts';

export const RecordedErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
  details: JsonSchema.optional(),
});

export const AttemptSchema = z.object({
  number: z.number().int(),
  startedAt: z.string(),
  durationMs: z.number(),
  ok: z.boolean(),
  error: RecordedErrorSchema.optional(),
});

export const ActionRecordSchema = z.object({
  id: z.string(),
  type: z.enum(ACTION_TYPES),
  title: z.string(),
  order: z.number().int(),
  required: z.boolean(),
  status: z.enum(ACTION_STATUSES),
  attempts: z.array(AttemptSchema),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  durationMs: z.number(),
  output: JsonSchema.optional(),
  error: RecordedErrorSchema.optional(),
  /** Why it was skipped, not needed or left to a person. */
  note: z.string().optional(),
});

/** What took the failure away: an operation that worked again, a person, a probe, or what stands in for it. */
export const ResolutionSchema = z.enum(['retry', 'resume', 'skip', 'supplied', 'probes', 'fallback']);

export const TimelineEntrySchema = z.object({
  seq: z.number().int(),
  at: z.string(),
  kind: z.enum([
    'reported',
    'joined',
    'alert',
    'planned',
    'approval',
    'refused',
    'action',
    'attempt',
    'decision',
    'pause',
    'probe',
    'compensation',
    'status',
    'strategy',
    'brake',
  ]),
  message: z.string(),
  actionId: z.string().optional(),
  by: z.string().optional(),
  reason: z.string().optional(),
});

export const WaitingForSchema = z.object({
  kind: z.enum(['approval', 'manual', 'decision', 'resume', 'time', 'probes', 'breaker']),
  /** `approval`, `manual:<action>`, `decision:<action>`, `breaker:<name>`: also the search attribute's value. */
  key: z.string(),
  since: z.string(),
  /** When the wait ends by itself. */
  until: z.string().optional(),
  actionId: z.string().optional(),
});

/** All that is needed to decide on an approval. */
export const OpenApprovalSchema = z.object({
  actionId: z.string().optional(),
  planHash: z.string(),
  policy: ApprovalPolicySchema,
  /** Who has approved so far. */
  granted: z.array(z.string()),
  risk: z.enum(['low', 'medium', 'high']),
  /** The first action whose effect nothing takes back. */
  pointOfNoReturn: z.string().optional(),
  estimatedDurationMs: z.number(),
  impact: ImpactSchema.optional(),
  /** From this engine's own past; figures are absent below five samples. */
  prediction: PredictionSchema.optional(),
});

/** Answer of the query `status`. */
export const RecoverySnapshotSchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  target: z.string(),
  subject: z.string().optional(),
  status: z.enum(RECOVERY_STATUSES),
  playbook: z.string().optional(),
  planHash: z.string().optional(),
  waitingFor: WaitingForSchema.optional(),
  /** What a person is asked to approve at this moment. */
  approval: OpenApprovalSchema.optional(),
  /** Which playbook of those tried this is, from 1. */
  strategy: z.number().int().optional(),
  /** Who has paused it, also when it has not come to a stop yet. */
  pausedBy: z.object({ by: z.string(), reason: z.string(), at: z.string() }).optional(),
  currentAction: z.string().optional(),
  actions: z.array(ActionRecordSchema),
  joined: z.number().int(),
  timelineLength: z.number().int(),
  startedAt: z.string(),
});

export const AllowedDecisionSchema = z.object({
  decision: z.string(),
  allowed: z.boolean(),
  /** Why not, when it is not. */
  reason: z.string().optional(),
});

export type OpenApproval = z.infer<typeof OpenApprovalSchema>;
export type RecordedError = z.infer<typeof RecordedErrorSchema>;
export type Attempt = z.infer<typeof AttemptSchema>;
export type ActionRecord = z.infer<typeof ActionRecordSchema>;
export type Resolution = z.infer<typeof ResolutionSchema>;
export type TimelineEntry = z.infer<typeof TimelineEntrySchema>;
export type WaitingFor = z.infer<typeof WaitingForSchema>;
export type RecoverySnapshot = z.infer<typeof RecoverySnapshotSchema>;
export type AllowedDecision = z.infer<typeof AllowedDecisionSchema>;

import { z } from 'zod';
import { PlannedActionSchema } from './action.schema.ts';
import { ApprovalPolicySchema } from './approval.schema.ts';
import { CategorySchema, FailureTypeSchema, LaneSchema, SeveritySchema } from './failure.schema.ts';
import { LimitsSchema, MODES, ObjectivesSchema } from './playbook.schema.ts';
import { VerifySpecSchema } from './probe.schema.ts';

/** Made from a playbook for one failure; immutable; known by its hash (requirements 4.1, 4.2). */
export const PlanSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  name: z.string(),
  description: z.string(),
  target: z.string(),
  playbook: z.object({ name: z.string(), source: z.enum(['user', 'builtin']) }),
  errorCode: z.string().optional(),
  errorCategory: CategorySchema,
  failureType: FailureTypeSchema,
  severity: SeveritySchema,
  lane: LaneSchema,
  mode: z.enum(MODES),
  risk: z.enum(['low', 'medium', 'high']),
  actions: z.array(PlannedActionSchema).min(1),
  verify: VerifySpecSchema,
  requiresApproval: z.boolean(),
  approval: ApprovalPolicySchema.optional(),
  limits: LimitsSchema,
  objectives: ObjectivesSchema,
  /** The sum of the actions' time-outs, 10 s where one has none. */
  estimatedDurationMs: z.number(),
  confidence: z.number().min(0).max(1),
  /** Why it was classified, chosen and built so, one sentence each. */
  reasons: z.array(z.string()),
  alternatives: z.array(z.object({ playbook: z.string(), reason: z.string() })),
  createdAt: z.string(),
  /** SHA-256 over everything above but id and createdAt. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

export type Plan = z.infer<typeof PlanSchema>;

import { z } from 'zod';
import { PlannedActionSchema } from './action.schema.ts';
import { ApprovalPolicySchema } from './approval.schema.ts';
import { CategorySchema, FailureTypeSchema, LaneSchema, SeveritySchema } from './failure.schema.ts';
import { LimitsSchema, MODES, ObjectivesSchema } from './playbook.schema.ts';
import { PLAYBOOK_SOURCES } from './playbook.ts';
import { VerifySpecSchema } from './probe.schema.ts';

/** Why automatic mode is withdrawn from a plan (design 4). */
export const BrakeSchema = z.object({
  brake: z.enum(['kill-switch', 'per-hour', 'masking', 'concurrency', 'blast-radius', 'unknown']),
  message: z.string(),
  count: z.number().int().optional(),
});

/** Made from a playbook for one failure; immutable; known by its hash (requirements 4.1, 4.2). */
export const PlanSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  name: z.string(),
  description: z.string(),
  target: z.string(),
  playbook: z.object({
    name: z.string(),
    source: z.enum(PLAYBOOK_SOURCES),
    /** SHA-256 of what the playbook does, as it was when the plan was made. */
    digest: z.string().optional(),
  }),
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
  /** Absent where none holds it. */
  brakes: z.array(BrakeSchema).optional(),
  /** Who has let it through them, and why. */
  brakesOverridden: z.object({ by: z.string(), reason: z.string() }).optional(),
  /** What may be tried next; absent: `auto` for built-in playbooks, `off` for users' own. */
  failover: z.union([z.enum(['auto', 'off']), z.array(z.string())]).optional(),
  objectives: ObjectivesSchema,
  /** Components that are shown as degraded while it is carried out (requirement 4.6). */
  degrades: z.array(z.string()).optional(),
  /** The sum of the actions' time-outs, 10 s where one has none. */
  estimatedDurationMs: z.number(),
  confidence: z.number().min(0).max(1),
  /** Why it was classified, chosen and built so, one sentence each. */
  reasons: z.array(z.string()),
  alternatives: z.array(z.object({ playbook: z.string(), reason: z.string() })),
  /** Only of a cascade: what is treated before the failure that was reported (requirement 3.5). */
  rootCause: z
    .object({
      component: z.string(),
      target: z.string().optional(),
      playbook: z.string(),
      reason: z.string(),
    })
    .optional(),
  createdAt: z.string(),
  /** SHA-256 over everything above but id and createdAt. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});

export type Brake = z.infer<typeof BrakeSchema>;
export type Plan = z.infer<typeof PlanSchema>;

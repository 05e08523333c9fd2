import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { JsonSchema } from './names.schema.ts';

export const ApprovalPolicySchema = z.strictObject({
  roles: z.array(z.string()).default([]),
  required: z.number().int().min(1).max(10).default(1),
  timeout: DurationSchema.prefault('30m'),
  onTimeout: z.enum(['escalate', 'deny', 'approve']).default('escalate'),
});

const by = z.string().trim().min(1, 'must name the person who decides').max(200);
const reason = z.string().trim().min(1, 'must give a reason').max(2000);

export const ApproveInputSchema = z.strictObject({
  /** The whole hash, or at least its first 8 digits. */
  planHash: z.string().regex(/^[0-9a-f]{8,64}$/, 'must be at least the first 8 digits of the plan hash'),
  by,
  reason: reason.optional(),
  roles: z.array(z.string()).optional(),
  /** Only for an approval that a single action asks for. */
  actionId: z.string().optional(),
});

export const DenyInputSchema = ApproveInputSchema.extend({ reason });

export const CompleteManualStepInputSchema = z.strictObject({
  actionId: z.string().min(1),
  by,
  outcome: z.enum(['done', 'failed']).default('done'),
  note: z.string().max(4000).optional(),
  output: JsonSchema.optional(),
});

export const DECISIONS = ['retry', 'supply', 'skip', 'rollback', 'abort', 'escalate'] as const;

export const DecideInputSchema = z.strictObject({
  decision: z.enum(DECISIONS),
  actionId: z.string().min(1),
  by,
  reason,
  /** With `retry`: replaces the input of the action's activity. */
  input: JsonSchema.optional(),
  /** With `supply`: becomes the action's output. */
  output: JsonSchema.optional(),
});

export const PauseInputSchema = z.strictObject({ by, reason });

export type ApprovalPolicy = z.infer<typeof ApprovalPolicySchema>;
export type ApproveInput = z.infer<typeof ApproveInputSchema>;
export type DenyInput = z.infer<typeof DenyInputSchema>;
export type CompleteManualStepInput = z.infer<typeof CompleteManualStepInputSchema>;
export type Decision = (typeof DECISIONS)[number];
export type DecideInput = z.infer<typeof DecideInputSchema>;
export type PauseInput = z.infer<typeof PauseInputSchema>;

import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { JsonSchema, NameSchema } from './names.schema.ts';
import { GitPlaceSchema, PathChangeSchema } from './rollback.schema.ts';

export const ApprovalPolicySchema = z.strictObject({
  roles: z.array(z.string()).default([]),
  required: z.number().int().min(1).max(10).default(1),
  timeout: DurationSchema.prefault('30m'),
  onTimeout: z.enum(['escalate', 'deny', 'approve']).default('escalate'),
  /** False: whoever reported the failure or handed it over cannot approve. Default true. */
  selfApproval: z.boolean().optional(),
  /** True: only answers that the HTTP API has signed count. */
  authenticated: z.boolean().optional(),
});

/** What the rollbacks of a plan would change, as the approver sees it. */
export const ImpactSchema = z.object({
  /** SHA-256 over all of it: an approval holds for this state of the target only. */
  stateHash: z.string(),
  rollbacks: z.array(
    z.object({
      actionId: z.string(),
      checkpointId: z.string(),
      root: z.string(),
      /** The first of them, at most 50. */
      changes: z.array(PathChangeSchema.pick({ path: true, change: true })),
      changesTotal: z.number().int(),
      unchanged: z.number().int(),
      git: z.object({ from: GitPlaceSchema.nullable(), to: GitPlaceSchema }).optional(),
      system: z.array(z.object({ provider: z.string(), item: z.string(), change: z.string() })).optional(),
      artifacts: z.array(z.object({ name: z.string(), from: z.string(), to: z.string() })).optional(),
    }),
  ),
  /** Why it could not be looked at; then no drift can be seen either. */
  unknown: z.string().optional(),
  at: z.string(),
});

const by = z.string().trim().min(1, 'must name the person who decides').max(200);
const reason = z.string().trim().min(1, 'must give a reason').max(2000);

/** Put on by whoever has authenticated the person: the HTTP API. Checked by an activity with the same key. */
export const ApprovalSignatureSchema = z.strictObject({
  /** Names the key, so that keys can be changed while approvals are open. */
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  /** The one recovery that it counts for. */
  runId: z.string().min(1),
  issuedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** HMAC-SHA-256 over the whole answer, hexadecimal. */
  value: z.string().regex(/^[0-9a-f]{64}$/),
});

export const ApproveInputSchema = z.strictObject({
  /** The whole hash, or at least its first 8 digits. */
  planHash: z.string().regex(/^[0-9a-f]{8,64}$/, 'must be at least the first 8 digits of the plan hash'),
  by,
  reason: reason.optional(),
  /** Roles of the person; a claim unless signed. */
  roles: z.array(z.string().max(100)).max(20).optional(),
  /** Only for an approval that a single action asks for. */
  actionId: z.string().optional(),
  /** What the approver saw would be changed; refused when the target has changed since. */
  stateHash: z.string().optional(),
  /** In an emergency: one answer stands for roles, quorum and the other person. Needs a reason, heads the report. */
  breakGlass: z.boolean().optional(),
  signature: ApprovalSignatureSchema.optional(),
});

export const DenyInputSchema = ApproveInputSchema.extend({ reason });

export const CompleteManualStepInputSchema = z.strictObject({
  actionId: z.string().min(1),
  by,
  outcome: z.enum(['done', 'failed']).default('done'),
  note: z.string().max(4000).optional(),
  output: JsonSchema.optional(),
});

export const DECISIONS = ['retry', 'supply', 'skip', 'rollback', 'handover', 'abort', 'escalate'] as const;

export const DecideInputSchema = z.strictObject({
  decision: z.enum(DECISIONS),
  actionId: z.string().min(1),
  by,
  reason,
  /** With `retry`: replaces what the action's operation is given. */
  input: JsonSchema.optional(),
  /** The one who decides may give another input only to an operation that has an `inputSchema`. Set by the HTTP API. */
  declaredInputOnly: z.boolean().optional(),
  /** With `handover`: the playbook that takes over. */
  playbook: NameSchema.optional(),
  /** With `supply`: becomes the action's output. */
  output: JsonSchema.optional(),
});

export const BreakGlassSchema = z.strictObject({ by, reason });

export const PauseInputSchema = z.strictObject({ by, reason });

/** Going on with an earlier recovery. */
export const ContinueInputSchema = z.strictObject({
  /** Of the earlier one; default: the last. */
  runId: z.string().min(1).optional(),
  /** An action's id, or `failed`: the first that was not done. */
  from: z.string().min(1).default('failed'),
  plan: z.enum(['same', 'latest']).default('same'),
  by,
  reason,
  key: z.string().min(1).max(200).optional(),
});

export type ContinueInput = z.input<typeof ContinueInputSchema>;
export type ApprovalPolicy = z.infer<typeof ApprovalPolicySchema>;
export type Impact = z.infer<typeof ImpactSchema>;
export type ApprovalSignature = z.infer<typeof ApprovalSignatureSchema>;
export type ApproveInput = z.infer<typeof ApproveInputSchema>;
export type DenyInput = z.infer<typeof DenyInputSchema>;
export type CompleteManualStepInput = z.infer<typeof CompleteManualStepInputSchema>;
export type Decision = (typeof DECISIONS)[number];
export type DecideInput = z.infer<typeof DecideInputSchema>;
export type PauseInput = z.infer<typeof PauseInputSchema>;

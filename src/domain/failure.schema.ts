import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { CATEGORIES, FAILURE_TYPES, LANES, RECOVERY_TYPES, SEVERITIES } from './failure.ts';
import { TargetSchema } from './names.schema.ts';
import { OperationSchema } from './operation.schema.ts';
import { ProbeSchema } from './probe.schema.ts';

export const CategorySchema = z.enum(CATEGORIES);
export const FailureTypeSchema = z.enum(FAILURE_TYPES);
export const SeveritySchema = z.enum(SEVERITIES);
export const LaneSchema = z.enum(LANES);

export const FailureCauseSchema = z.object({
  name: z.string().optional(),
  code: z.string().optional(),
  message: z.string(),
});

export const FailureSourceSchema = z.object({
  kind: z.enum(['cli', 'client', 'api', 'run', 'monitor', 'alert', 'drill']),
  /** Who or what reported it: a person, a host, a monitor's name. */
  name: z.string().optional(),
});

export const RunStepRefSchema = z.object({
  phase: z.string(),
  phaseIndex: z.number().int().min(0),
  step: z.string(),
  /** Place among all steps of the run, from 0. */
  index: z.number().int().min(0),
  optional: z.boolean(),
  operation: OperationSchema,
});

/** Where a protected run stood when its step failed: what a rollback must run again is read off here. */
export const RunPositionSchema = z.object({
  workflowId: z.string(),
  workspace: z.string(),
  host: z.string(),
  failed: RunStepRefSchema,
  /** Every step up to and including the failed one. */
  steps: z.array(RunStepRefSchema).min(1),
});

/** What failed along with it, in the fields that classification reads. Lane, host and subject are those of the failure. */
export const RelatedFailureSchema = z.strictObject({
  component: z.string().max(200).optional(),
  target: TargetSchema.optional(),
  message: z.string().min(1, 'must say what failed').max(10_000),
  type: FailureTypeSchema.optional(),
  category: CategorySchema.optional(),
  severity: SeveritySchema.optional(),
  code: z.string().max(200).optional(),
  errorName: z.string().max(200).optional(),
  exitCode: z.number().int().optional(),
  signal: z.string().optional(),
  httpStatus: z.number().int().min(100).max(599).optional(),
  retryAfter: DurationSchema.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  causes: z.array(FailureCauseSchema).optional(),
  /** What a plan may run again to mend this one; the failure's own operation comes after it. */
  operation: OperationSchema.optional(),
  probes: z.array(ProbeSchema).optional(),
});

export const FailureSchema = z.strictObject({
  target: TargetSchema,
  subject: TargetSchema.optional(),
  message: z.string().min(1, 'must say what failed').max(10_000),
  type: FailureTypeSchema.optional(),
  category: CategorySchema.optional(),
  severity: SeveritySchema.optional(),
  lane: LaneSchema.default('standard'),
  /** Errno, SQLSTATE, exit status name or the product's own slug. */
  code: z.string().max(200).optional(),
  errorName: z.string().max(200).optional(),
  exitCode: z.number().int().optional(),
  signal: z.string().optional(),
  httpStatus: z.number().int().min(100).max(599).optional(),
  retryAfter: DurationSchema.optional(),
  component: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  causes: z.array(FailureCauseSchema).default([]),
  source: FailureSourceSchema.default({ kind: 'client' }),
  /** t0 and t1 of the recovery's clock. ISO 8601. */
  occurredAt: z.iso.datetime({ offset: true }).optional(),
  detectedAt: z.iso.datetime({ offset: true }).optional(),
  /** What can be retried. */
  operation: OperationSchema.optional(),
  /** How to see that the target works again, besides what the playbook says. */
  probes: z.array(ProbeSchema).default([]),
  host: z.string().optional(),
  /** Where the plan's commands work when neither the run nor the operation says it. */
  workspace: z.string().startsWith('/').optional(),
  run: RunPositionSchema.optional(),
  /** A cascade: what else failed at the same time (requirement 3.5). The plan treats the root of them first. */
  related: z.array(RelatedFailureSchema).max(50).optional(),
  /** Why the recovery takes place (requirement 4.11); `recoveryTypeOf` derives it from the source where it is absent. */
  recoveryType: z.enum(RECOVERY_TYPES).optional(),
});

export type Failure = z.infer<typeof FailureSchema>;
export type FailureInput = z.input<typeof FailureSchema>;
export type RelatedFailure = z.infer<typeof RelatedFailureSchema>;
export type FailureCause = z.infer<typeof FailureCauseSchema>;
export type FailureSource = z.infer<typeof FailureSourceSchema>;
export type RunPosition = z.infer<typeof RunPositionSchema>;
export type RunStepRef = z.infer<typeof RunStepRefSchema>;

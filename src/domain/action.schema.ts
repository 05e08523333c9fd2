import { z } from 'zod';
import { JITTER_METHODS, RETRY_STRATEGIES } from './action.ts';
import { CHECKPOINT_PARTS } from './checkpoint.ts';
import { ApprovalPolicySchema } from './approval.schema.ts';
import { DurationSchema } from './duration.schema.ts';
import { JsonSchema, NameSchema } from './names.schema.ts';
import {
  ArgvSchema,
  CommandOperationSchema,
  HttpOperationSchema,
  InputSchemaSchema,
  OperationSchema,
} from './operation.schema.ts';
import { ProbeSchema } from './probe.schema.ts';

/** Temporal's own field names, with a strategy and jitter (requirement 5.1). */
export const RetrySpecSchema = z.strictObject({
  /** How the interval grows; absent: `exponential`. */
  strategy: z.enum(RETRY_STRATEGIES).optional(),
  maximumAttempts: z.number().int().min(1).max(1000).default(1),
  initialInterval: DurationSchema.prefault('1s'),
  backoffCoefficient: z.number().min(1).max(100).default(2),
  maximumInterval: DurationSchema.prefault('60s'),
  /** The fraction of the interval that is left to chance, or a method by name. */
  jitter: z.union([z.number().min(0).max(1), z.enum(JITTER_METHODS)]).default(0.5),
  /** No more tries than this within the time, whatever the strategy says. */
  limit: z.strictObject({ attempts: z.number().int().min(1).max(100), per: DurationSchema }).optional(),
});

const invocationFields = {
  activity: z.string().min(1).optional(),
  input: JsonSchema.optional(),
  /** JSON Schema of the input, for a person who gives another one. */
  inputSchema: InputSchemaSchema.optional(),
  command: ArgvSchema.optional(),
  cwd: z.string().optional(),
  env: CommandOperationSchema.shape.env,
  envAllow: CommandOperationSchema.shape.envAllow,
  secretEnv: CommandOperationSchema.shape.secretEnv,
  idempotent: z.boolean().optional(),
  http: HttpOperationSchema.omit({ kind: true, timeout: true }).optional(),
};

const kindsIn = (run: { activity?: unknown; command?: unknown; http?: unknown }): number =>
  [run.activity, run.command, run.http].filter((kind) => kind !== undefined).length;

const isOne: [(run: Parameters<typeof kindsIn>[0]) => boolean, { error: string }] = [
  (run) => kindsIn(run) === 1,
  { error: 'must have exactly one of activity, command, http' },
];

/** What can be had done: an activity, a command or an HTTP request. */
export const InvocationSchema = z.strictObject(invocationFields).refine(...isOne);

/** The same, as a component defines it under a name of a playbook's. */
export const ProcedureSchema = z
  .strictObject({
    ...invocationFields,
    /** Takes back what it did, when a later action fails. */
    undo: InvocationSchema.optional(),
  })
  .refine(...isOne);

/**
 * The same in a playbook, or by the name that the failing component gives it (`kind: Component`, `spec.procedures`). Beside
 * a procedure one of the others may stand in where the component has none.
 */
export const PlaybookInvocationSchema = z
  .strictObject({ ...invocationFields, procedure: NameSchema.optional() })
  .refine((run) => kindsIn(run) === 1 || (run.procedure !== undefined && kindsIn(run) === 0), {
    error: 'must have exactly one of activity, command, http, or a procedure',
  });

const common = {
  id: NameSchema,
  title: z.string().max(200).optional(),
  description: z.string().max(2000).optional(),
  optional: z.boolean().optional(),
  timeout: DurationSchema.optional(),
  estimated: DurationSchema.optional(),
  approval: ApprovalPolicySchema.optional(),
  compensate: PlaybookInvocationSchema.optional(),
  /** The action has worked only if these pass afterwards. */
  success: z.array(ProbeSchema).optional(),
  /** Another way, for when those before it have not helped: they are not required then. */
  lastResort: z.boolean().optional(),
};

const RollbackTargetSchema = z
  .string()
  .regex(
    /^(latest|phase-start|phase-start:\d+|cp_[0-9A-Z]{26})$/,
    'must be latest, phase-start, phase-start:N or a checkpoint id',
  );

/** One entry under `spec.actions` of a playbook. */
export const ActionSpecSchema = z.discriminatedUnion('type', [
  z.strictObject({
    ...common,
    type: z.literal('retry'),
    retry: RetrySpecSchema.optional(),
    operation: OperationSchema.optional(),
    /** Of the component: what is tried where the failure names no operation. */
    procedure: NameSchema.optional(),
    breaker: NameSchema.optional(),
    fallback: InvocationSchema.optional(),
  }),
  z.strictObject({ ...common, type: z.literal('resume'), from: RollbackTargetSchema.default('latest') }),
  z.strictObject({
    ...common,
    type: z.literal('rollback'),
    to: RollbackTargetSchema.default('phase-start'),
    parts: z.array(z.enum(CHECKPOINT_PARTS)).optional(),
  }),
  z.strictObject({ ...common, type: z.literal('skip') }),
  z.strictObject({
    ...common,
    type: z.literal('run'),
    run: PlaybookInvocationSchema,
    retry: RetrySpecSchema.optional(),
    breaker: NameSchema.optional(),
    fallback: InvocationSchema.optional(),
  }),
  z.strictObject({
    ...common,
    type: z.literal('wait'),
    for: DurationSchema.optional(),
    until: z.array(ProbeSchema).optional(),
  }),
  z.strictObject({
    ...common,
    type: z.literal('manual'),
    instructions: z.string().max(4000).optional(),
    commands: z.array(ArgvSchema).optional(),
    onTimeout: z.enum(['escalate', 'fail', 'continue']).default('escalate'),
  }),
  z.strictObject({ ...common, type: z.literal('escalate'), to: z.array(z.string()).default(['oncall']) }),
  z.strictObject({ ...common, type: z.literal('abort'), reason: z.string().optional() }),
]);

export const CompensationSpecSchema = z.object({ title: z.string(), operation: OperationSchema });

/** A step that a rollback or resume has to run again, in order. */
export const ReplayStepSchema = z.object({ name: z.string(), operation: OperationSchema });

const planned = {
  id: z.string(),
  title: z.string(),
  description: z.string().optional(),
  order: z.number().int(),
  required: z.boolean(),
  timeout: DurationSchema,
  estimatedMs: z.number(),
  approval: ApprovalPolicySchema.optional(),
  compensation: CompensationSpecSchema.optional(),
  success: z.array(ProbeSchema),
};
const guarded = {
  /** Asked before each try, told of each outcome (requirement 5.2). */
  breaker: z.string().optional(),
  /** Done when the tries are spent; its output stands in (requirement 5.3). */
  fallback: CompensationSpecSchema.optional(),
};
const rollback = {
  checkpointId: z.string(),
  subject: z.string(),
  host: z.string(),
  parts: z.array(z.enum(CHECKPOINT_PARTS)).optional(),
};

/** An action of a plan: resolved, with nothing left to decide but what earlier actions put out. */
export const PlannedActionSchema = z.discriminatedUnion('type', [
  z.object({
    ...planned,
    type: z.literal('retry'),
    retry: RetrySpecSchema,
    steps: z.array(ReplayStepSchema).min(1),
    ...guarded,
  }),
  z.object({ ...planned, ...rollback, type: z.literal('resume'), steps: z.array(ReplayStepSchema).min(1) }),
  z.object({ ...planned, ...rollback, type: z.literal('rollback') }),
  z.object({ ...planned, type: z.literal('skip') }),
  z.object({ ...planned, type: z.literal('run'), operation: OperationSchema, retry: RetrySpecSchema, ...guarded }),
  z.object({ ...planned, type: z.literal('wait'), for: DurationSchema.optional(), until: z.array(ProbeSchema) }),
  z.object({
    ...planned,
    type: z.literal('manual'),
    instructions: z.string(),
    commands: z.array(ArgvSchema),
    onTimeout: z.enum(['escalate', 'fail', 'continue']),
  }),
  z.object({ ...planned, type: z.literal('escalate'), to: z.array(z.string()) }),
  z.object({ ...planned, type: z.literal('abort'), reason: z.string() }),
]);

export type ActionSpec = z.infer<typeof ActionSpecSchema>;
export type RetrySpec = z.infer<typeof RetrySpecSchema>;
export type PlaybookInvocation = z.infer<typeof PlaybookInvocationSchema>;
export type Invocation = z.infer<typeof InvocationSchema>;
export type CompensationSpec = z.infer<typeof CompensationSpecSchema>;
export type ReplayStep = z.infer<typeof ReplayStepSchema>;
export type PlannedAction = z.infer<typeof PlannedActionSchema>;

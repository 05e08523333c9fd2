import { z } from 'zod';
import { InvocationSchema, RetrySpecSchema } from './action.schema.ts';
import { StepArtifactSchema } from './artifact.schema.ts';
import { DurationSchema } from './duration.schema.ts';
import { FailureTypeSchema, CategorySchema, LaneSchema, SeveritySchema } from './failure.schema.ts';
import { JsonSchema, NameSchema, TargetSchema } from './names.schema.ts';
import {
  ActivityOperationSchema,
  ArgvSchema,
  CommandOperationSchema,
  HttpOperationSchema,
  WorkflowOperationSchema,
} from './operation.schema.ts';
import { VerifySpecSchema } from './probe.schema.ts';

/** What a step's failure means, where the built-in rules would have to guess. */
export const ClassifySchema = z.strictObject({
  type: FailureTypeSchema.optional(),
  category: CategorySchema.optional(),
  severity: SeveritySchema.optional(),
  code: z.string().optional(),
});

const TEMPLATE = /\{\{\s*(inputs|context|steps)\./;

/** A template of the run's data, or one compared with something; see `domain/condition.ts`. */
export const ConditionSchema = z.union(
  [
    z.string().regex(TEMPLATE),
    z
      .strictObject({
        value: JsonSchema,
        equals: JsonSchema.optional(),
        notEquals: JsonSchema.optional(),
        in: z.array(JsonSchema).min(1).optional(),
      })
      .refine((given) => [given.equals, given.notEquals, given.in].filter((item) => item !== undefined).length <= 1),
  ],
  'must be a template such as "{{ inputs.deploy }}", or {value, and one of equals, notEquals, in}',
);

/** Where a template stands in it, it is looked at when it is filled in. */
const UrlTemplateSchema = z.union(
  [HttpOperationSchema.shape.url, z.string().regex(TEMPLATE)],
  'must be an http or https address',
);

const WORK = ['run', 'activity', 'http', 'workflow'] as const;

export const PipelineStepSchema = z
  .strictObject({
    name: NameSchema,
    /** A command. */
    run: ArgvSchema.optional(),
    activity: ActivityOperationSchema.omit({ kind: true, timeout: true }).optional(),
    http: HttpOperationSchema.omit({ kind: true, timeout: true }).extend({ url: UrlTemplateSchema }).optional(),
    /** A child workflow. */
    workflow: WorkflowOperationSchema.omit({ kind: true, timeout: true }).optional(),
    cwd: z.string().optional(),
    env: CommandOperationSchema.shape.env,
    envAllow: CommandOperationSchema.shape.envAllow,
    secretEnv: CommandOperationSchema.shape.secretEnv,
    timeout: DurationSchema.prefault('10m'),
    /** Otherwise it is not done. */
    when: ConditionSchema.optional(),
    /** Only in these, such as a stress test in `heavy` (requirement 3.4). */
    lanes: z.array(LaneSchema).min(1).optional(),
    /** Tries before the step counts as failed and a recovery starts. */
    retry: RetrySpecSchema.optional(),
    /** May be skipped by a recovery. */
    optional: z.boolean().default(false),
    agent: NameSchema.optional(),
    classify: ClassifySchema.optional(),
    /** Undo of the step, for when the run has to stop. A list of words is a command. */
    compensate: z.union([ArgvSchema, InvocationSchema]).optional(),
    /** Files that the step makes; each is kept as a version after the step, and a rollback brings it back. */
    artifacts: z
      .array(StepArtifactSchema)
      .superRefine((artifacts, context) => {
        artifacts.forEach(({ name }, index) => {
          if (artifacts.findIndex((other) => other.name === name) < index)
            context.addIssue({ code: 'custom', path: [index, 'name'], message: `artifact "${name}" is there twice` });
        });
      })
      .optional(),
    /** A checkpoint after the step. */
    checkpoint: z.boolean().default(true),
    idempotent: z.boolean().default(true),
  })
  .superRefine((step, context) => {
    const given = WORK.filter((kind) => step[kind] !== undefined);
    if (given.length !== 1) {
      const found = given.length === 0 ? 'has none' : `has ${given.join(' and ')}`;
      context.addIssue({ code: 'custom', message: `must have exactly one of ${WORK.join(', ')}, it ${found}` });
    }
    for (const field of ['cwd', 'env', 'envAllow', 'secretEnv'] as const) {
      if (step[field] === undefined || step.run !== undefined) continue;
      context.addIssue({ code: 'custom', path: [field], message: 'goes with run only' });
    }
  });

/** What a run is given: declared, so that a wrong one is refused before anything starts. */
export const RunParameterSchema = z.strictObject({
  type: z.enum(['string', 'number', 'boolean', 'json']).default('string'),
  description: z.string().max(500).optional(),
  /** Without one it has to be given. */
  default: JsonSchema.optional(),
});

/** How long a run may take. Default: the lane's time (requirement 3.4). */
export const BudgetSchema = z.strictObject({
  limit: DurationSchema.optional(),
  /** `warn` says it in the report; `stop` ends the run before its next step and undoes it. */
  onExceeded: z.enum(['warn', 'stop']).default('warn'),
});

export const PipelineSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('Pipeline'),
  metadata: z.strictObject({
    name: NameSchema,
    description: z.string().max(500).optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.strictObject({
    lane: LaneSchema.default('standard'),
    /** What breaks when a step breaks; also the lock. Default: `run/<name>`. */
    target: TargetSchema.optional(),
    /** Relative to the pipeline's file. */
    workspace: z.string().default('.'),
    exclude: z.array(z.string()).default([]),
    /** Databases and the like whose state goes into every checkpoint of the run, by name. */
    providers: z.array(z.string()).default([]),
    context: z.record(z.string(), JsonSchema).default({}),
    inputs: z.record(z.string().regex(/^[A-Za-z_][\w-]*$/), RunParameterSchema).optional(),
    /** What the run gives back: templates of `context`, `inputs` and `steps.<name>.output`. */
    outputs: z.record(z.string(), JsonSchema).optional(),
    budget: BudgetSchema.optional(),
    phases: z
      .array(
        z.strictObject({
          name: NameSchema,
          /** All its steps at once; a checkpoint is taken before and after them, none in between. */
          parallel: z.boolean().optional(),
          steps: z.array(PipelineStepSchema).min(1, 'must have at least one step'),
        }),
      )
      .min(1, 'must have at least one phase')
      .superRefine((phases, context) => {
        const seen = new Set<string>();
        phases.forEach((phase, p) => {
          if (seen.has(phase.name))
            context.addIssue({ code: 'custom', path: [p, 'name'], message: `phase "${phase.name}" is there twice` });
          seen.add(phase.name);
          const steps = new Set<string>();
          phase.steps.forEach((step, s) => {
            if (steps.has(step.name)) {
              context.addIssue({
                code: 'custom',
                path: [p, 'steps', s, 'name'],
                message: `step "${step.name}" is there twice`,
              });
            }
            steps.add(step.name);
          });
        });
      }),
    /** How to see that the target works, used by the recoveries of this run. */
    verify: VerifySpecSchema.optional(),
    /** Recoveries that one step may have before the run stops. */
    maxRecoveriesPerStep: z.number().int().min(0).max(20).default(3),
    /** The wait before the second recovery of a step, and so on (requirement 8.6). */
    recoveryBackoff: z
      .strictObject({
        initialInterval: DurationSchema.prefault('1s'),
        backoffCoefficient: z.number().min(1).max(100).default(2),
        maximumInterval: DurationSchema.prefault('60s'),
      })
      .optional(),
  }),
});

export type Pipeline = z.infer<typeof PipelineSchema>;
export type PipelineStep = z.infer<typeof PipelineStepSchema>;

import { z } from 'zod';
import { InvocationSchema, RetrySpecSchema } from './action.schema.ts';
import { StepArtifactSchema } from './artifact.schema.ts';
import { DurationSchema } from './duration.schema.ts';
import { FailureTypeSchema, CategorySchema, LaneSchema, SeveritySchema } from './failure.schema.ts';
import { JsonSchema, NameSchema, TargetSchema } from './names.schema.ts';
import { ArgvSchema, CommandOperationSchema } from './operation.schema.ts';
import { VerifySpecSchema } from './probe.schema.ts';

/** What a step's failure means, where the built-in rules would have to guess. */
export const ClassifySchema = z.strictObject({
  type: FailureTypeSchema.optional(),
  category: CategorySchema.optional(),
  severity: SeveritySchema.optional(),
  code: z.string().optional(),
});

export const PipelineStepSchema = z.strictObject({
  name: NameSchema,
  run: ArgvSchema,
  cwd: z.string().optional(),
  env: CommandOperationSchema.shape.env,
  envAllow: CommandOperationSchema.shape.envAllow,
  secretEnv: CommandOperationSchema.shape.secretEnv,
  timeout: DurationSchema.prefault('10m'),
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
    phases: z
      .array(
        z.strictObject({
          name: NameSchema,
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
  }),
});

export type Pipeline = z.infer<typeof PipelineSchema>;
export type PipelineStep = z.infer<typeof PipelineStepSchema>;

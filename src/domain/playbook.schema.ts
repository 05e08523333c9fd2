import { z } from 'zod';
import { ActionSpecSchema } from './action.schema.ts';
import { ApprovalPolicySchema } from './approval.schema.ts';
import { DurationSchema } from './duration.schema.ts';
import { CategorySchema, FailureTypeSchema, LaneSchema, SeveritySchema } from './failure.schema.ts';
import { NameSchema } from './names.schema.ts';
import { VerifySpecSchema } from './probe.schema.ts';

/** All given fields must fit; `target`, `code` and `component` take `*`. */
export const MatchSchema = z
  .strictObject({
    failureType: FailureTypeSchema.optional(),
    category: CategorySchema.optional(),
    severity: z.array(SeveritySchema).optional(),
    lane: LaneSchema.optional(),
    code: z.string().optional(),
    component: z.string().optional(),
    target: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    /** The reporter named the type, no rule guessed it. */
    stated: z.literal(true).optional(),
  })
  .refine((match) => Object.keys(match).length > 0, { error: 'must name at least one field to match' });

export const LimitsSchema = z.strictObject({
  /** Recoveries of one target within an hour, after which a person decides. */
  perHour: z.number().int().min(1).optional(),
  /** A failure that is back so soon after its fix is being masked: a person decides. */
  flapWindow: DurationSchema.optional(),
  /** Other targets that the playbook may have treated within an hour before a person decides. */
  maxTargets: z.number().int().min(1).optional(),
  /** The whole recovery, human wait included, after which it escalates. */
  deadline: DurationSchema.optional(),
});

export const ObjectivesSchema = z.strictObject({ rto: DurationSchema.optional(), rpo: DurationSchema.optional() });

export const MODES = ['observe', 'propose', 'auto'] as const;
const ModeSchema = z.enum(MODES);

/** One for all plans of the playbook, or one for each risk. */
const ModeByRiskSchema = z.union(
  [
    ModeSchema,
    z.strictObject({
      low: ModeSchema.default('auto'),
      medium: ModeSchema.default('auto'),
      high: ModeSchema.default('propose'),
    }),
  ],
  'must be observe, propose or auto, or one of them for each risk: {low: auto, medium: propose, high: observe}',
);

export const PlaybookSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('Playbook'),
  metadata: z.strictObject({
    name: NameSchema,
    description: z.string().max(500).optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.strictObject({
    match: z.array(MatchSchema).min(1),
    mode: ModeByRiskSchema.default('auto'),
    confidence: z.number().min(0).max(1).default(0.5),
    /** Asked of a person before the first action. */
    approval: ApprovalPolicySchema.optional(),
    limits: LimitsSchema.prefault({}),
    objectives: ObjectivesSchema.prefault({}),
    actions: z
      .array(ActionSpecSchema)
      .min(1)
      .superRefine((actions, context) => {
        const seen = new Set<string>();
        actions.forEach((action, index) => {
          if (seen.has(action.id)) {
            context.addIssue({ code: 'custom', path: [index, 'id'], message: `"${action.id}" is used twice` });
          }
          seen.add(action.id);
        });
      }),
    verify: VerifySpecSchema.prefault({}),
    /**
     * What is tried when this does not help (requirement 4.10): the next fitting playbooks that need nobody (`auto`,
     * the default of the built-in ones), these by name, or nothing (`off`, the default of one's own and of one that was
     * asked for by name).
     */
    failover: z.union([z.enum(['auto', 'off']), z.array(NameSchema).min(1).max(5)]).optional(),
  }),
});

export type Match = z.infer<typeof MatchSchema>;
export type Mode = (typeof MODES)[number];
export type Limits = z.infer<typeof LimitsSchema>;
export type Objectives = z.infer<typeof ObjectivesSchema>;
export type Playbook = z.infer<typeof PlaybookSchema>;

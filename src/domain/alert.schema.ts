import { z } from 'zod';
import { CategorySchema, FailureTypeSchema, LaneSchema, SeveritySchema } from './failure.schema.ts';
import { JsonSchema, NameSchema } from './names.schema.ts';
import { isTemplate } from './template.ts';

export const ALERT_SOURCES = ['alertmanager', 'pagerduty', 'pagerduty-events', 'generic'] as const;

const SecretReference = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/,
    'must be env:NAME or file:/path: the secret itself does not belong here',
  );

/** Who may send alerts, by what they sign them with; the secret of `pagerduty-events` is its routing key. Alertmanager sends a token of the API instead. */
const SourceSchema = z.strictObject({
  name: NameSchema,
  type: z.enum(['pagerduty', 'pagerduty-events', 'generic']),
  secretFrom: SecretReference,
});

/** Patterns by name, `*` for any characters; all must fit. */
const PatternsSchema = z.record(z.string(), z.string());
const MatchSchema = z.strictObject({ labels: PatternsSchema.default({}), annotations: PatternsSchema.default({}) });

const template = z
  .string()
  .refine(isTemplate, 'must be one of the known words, or a template such as {{ alert.labels.severity }}');
const orTemplate = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, template]);

const RuleSchema = z.strictObject({
  name: NameSchema,
  source: z.enum(ALERT_SOURCES).optional(),
  match: MatchSchema.prefault({}),
  /** Texts may hold templates: `{{ alert.labels.service }}`, `{{ alert.annotations.summary }}`. */
  failure: z.strictObject({
    target: z.string().min(1),
    subject: z.string().min(1).optional(),
    message: z.string().min(1).optional(),
    type: orTemplate(FailureTypeSchema).optional(),
    category: orTemplate(CategorySchema).optional(),
    severity: orTemplate(SeveritySchema).optional(),
    lane: LaneSchema.optional(),
    component: z.string().min(1).optional(),
    code: z.string().min(1).optional(),
    host: z.string().min(1).optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  playbook: z.string().min(1).optional(),
  inputs: z.record(z.string(), JsonSchema).optional(),
});

const TimeSchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 22:30');
const isZone = (zone: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
};

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const WeeklySchema = z.strictObject({
  days: z.array(z.enum(WEEKDAYS)).min(1),
  /** Until a time at or before `from` is one of the next day. */
  from: TimeSchema,
  until: TimeSchema,
  timezone: z.string().refine(isZone, 'must be a time zone such as Europe/Berlin').default('UTC'),
});

const SilenceSchema = z
  .strictObject({
    name: NameSchema,
    /** Why nothing is done, such as a maintenance. */
    reason: z.string().min(1),
    match: MatchSchema.prefault({}),
    /** Targets, `*` for any characters. Absent: all. */
    targets: z.array(z.string().min(1)).min(1).optional(),
    activeFrom: z.iso.datetime({ offset: true }).optional(),
    activeUntil: z.iso.datetime({ offset: true }).optional(),
    weekly: WeeklySchema.optional(),
  })
  .refine(({ activeUntil, weekly }) => activeUntil !== undefined || weekly !== undefined, {
    message: 'a silence must end: give activeUntil or weekly',
    path: ['activeUntil'],
  });

const unique = (names: readonly string[]): boolean => new Set(names).size === names.length;

/** A definition file: what alerts mean, who may send them, and when they mean nothing. */
export const AlertRulesSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('AlertRules'),
  metadata: z.strictObject({ name: NameSchema }).optional(),
  spec: z.strictObject({
    sources: z
      .array(SourceSchema)
      .max(50)
      .default([])
      .refine((sources) => unique(sources.map(({ name }) => name)), 'two sources have the same name'),
    /** The first one that fits counts. */
    rules: z
      .array(RuleSchema)
      .max(1000)
      .default([])
      .refine((rules) => unique(rules.map(({ name }) => name)), 'two rules have the same name'),
    silences: z.array(SilenceSchema).max(1000).default([]),
  }),
});

export type AlertRules = z.infer<typeof AlertRulesSchema>['spec'];
export type AlertRule = z.infer<typeof RuleSchema>;
export type AlertSourceDefinition = z.infer<typeof SourceSchema>;
export type AlertMatch = z.infer<typeof MatchSchema>;
export type Silence = z.infer<typeof SilenceSchema>;

import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { FAILURE_TYPES, SEVERITIES } from './failure.ts';
import { HEALTH_STATES, MAX_CHECKS } from './monitor.ts';
import { NameSchema, TargetSchema } from './names.schema.ts';
import { PROBE_SHAPE } from './probe-kinds.schema.ts';
import { PROBE_KINDS } from './probe.ts';
import { ProbeReadingSchema } from './probe.schema.ts';

const seconds = (least: number) => z.number().min(least).max(86_400);
const times = z.number().int().min(1).max(1000);

const AnyMonitorProbeSchema = z
  .strictObject({
    ...PROBE_SHAPE,
    /** Absolute root for `cwd` and `path`. */
    workspace: z.string().startsWith('/').default('/'),
  })
  .refine((probe) => PROBE_KINDS.filter((kind) => probe[kind] !== undefined).length === 1, {
    error: `must have exactly one of ${PROBE_KINDS.join(', ')}`,
  });

type AnyMonitorProbe = z.infer<typeof AnyMonitorProbeSchema>;
type AnyMonitorProbeInput = z.input<typeof AnyMonitorProbeSchema>;
export interface MonitorProbe extends AnyMonitorProbe {
  workspace: string;
}
export interface MonitorProbeInput extends AnyMonitorProbeInput {
  workspace?: string | undefined;
}
const MonitorProbeSchema: z.ZodType<MonitorProbe, MonitorProbeInput> = AnyMonitorProbeSchema;

/** What a recovery is told; what is absent comes from the probe or from classification. */
const MonitorFailureSchema = z.strictObject({
  failureType: z.enum(FAILURE_TYPES).optional(),
  code: z.string().min(1).max(200).optional(),
  severity: z.enum(SEVERITIES).optional(),
  message: z.string().min(1).max(2000).optional(),
  labels: z.record(z.string(), z.string()).default({}),
  component: z.string().min(1).optional(),
});

/** Names and defaults are those of a probe of Kubernetes. */
const MonitorCheckSchema = z.strictObject({
  name: NameSchema,
  /** Default: that of the monitor. */
  target: TargetSchema.optional(),
  probe: MonitorProbeSchema,
  initialDelaySeconds: seconds(0).default(0),
  periodSeconds: seconds(0.1).default(10),
  timeoutSeconds: seconds(0.1).default(1),
  successThreshold: times.default(1),
  failureThreshold: times.default(3),
  failure: MonitorFailureSchema.default({ labels: {} }),
});

const startLimit = z.strictObject({
  /** So many recoveries of one target are started within the interval; then people are called instead. */
  burst: z.number().int().min(1).max(100).default(3),
  interval: DurationSchema.default('1h'),
});

const SpecSchema = z
  .strictObject({
    /** Whose worker looks. Default: the host where the definition is loaded. */
    host: z
      .string()
      .regex(/^[A-Za-z0-9._-]+$/, 'may hold letters, digits, dots, dashes and underscores only')
      .optional(),
    target: TargetSchema.optional(),
    checks: z.array(MonitorCheckSchema).min(1, 'must have a check').max(MAX_CHECKS),
    startLimit: startLimit.default({ burst: 3, interval: '1h' }),
    /** After the end of a recovery no other one is started for so long. */
    cooldown: DurationSchema.default('30s'),
    /** A target is healthy again only when its checks have passed for so long. */
    hold: DurationSchema.default('10s'),
    /** A host whose worker is away for longer is reported itself, and its targets are unknown. */
    hostTimeout: DurationSchema.default('1m'),
    /** Who is called when a target is escalated. */
    escalateTo: z.array(z.string().min(1)).min(1).default(['oncall']),
  })
  .superRefine(({ checks, target }, context) => {
    const seen = new Set<string>();
    checks.forEach(({ name, target: own }, index) => {
      const issue = (field: string, message: string): void =>
        context.addIssue({ code: 'custom', path: ['checks', index, field], message });
      if (seen.has(name)) issue('name', `the name "${name}" is used twice`);
      seen.add(name);
      if (own === undefined && target === undefined) issue('target', 'must be given, here or as spec.target');
    });
  });

export const MonitorSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('Monitor'),
  metadata: z.strictObject({
    name: NameSchema,
    description: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: SpecSchema,
});

const by = z.string().trim().min(1, 'must name who does it').max(200);
const reason = z.string().trim().min(1, 'must give a reason').max(2000);

export const MonitorChangeSchema = z.strictObject({ by, reason });
export const MaintenanceInputSchema = z
  .strictObject({
    by,
    reason,
    /** Absent: all targets. */
    target: TargetSchema.optional(),
    /** Off: it ends. On: until then no recovery is started. */
    mode: z.enum(['on', 'off']),
    until: z.iso.datetime({ offset: true }).optional(),
  })
  .refine(({ mode, until }) => mode === 'off' || until !== undefined, {
    path: ['until'],
    error: 'must say when the maintenance ends',
  });
export const ResetTargetSchema = z.strictObject({ by, reason, target: TargetSchema });
export const CheckNowSchema = z.strictObject({ by, reason, target: TargetSchema.optional() });

const OpenRecoverySchema = z.object({
  recoveryId: z.string(),
  recoveryRunId: z.string(),
  since: z.string(),
  /** Somebody else had opened it. */
  joined: z.boolean(),
});

const LastRecoverySchema = z.object({ recoveryId: z.string(), recoveryRunId: z.string(), endedAt: z.string() });

export const CheckHealthSchema = z.object({
  name: z.string(),
  kind: z.enum(PROBE_KINDS),
  state: z.enum(HEALTH_STATES),
  failuresInRow: z.number(),
  successesInRow: z.number(),
  since: z.string().nullable(),
  lastReading: ProbeReadingSchema.nullable(),
});

export const TargetHealthSchema = z.object({
  target: z.string(),
  state: z.enum(HEALTH_STATES),
  since: z.string(),
  /** Ill again before it was healthy for long enough, three times or more within the interval. */
  flapping: z.boolean(),
  startsInInterval: z.number(),
  openRecovery: OpenRecoverySchema.nullable(),
  lastRecovery: LastRecoverySchema.nullable(),
  cooldownUntil: z.string().nullable(),
  escalatedSince: z.string().nullable(),
  maintenance: z.object({ until: z.string(), by: z.string(), reason: z.string() }).nullable(),
  /** Why the last recovery could not be started, or people could not be called. */
  problem: z.string().nullable(),
  checks: z.array(CheckHealthSchema),
});

export const MonitorHealthSchema = z.object({
  name: z.string(),
  state: z.enum(HEALTH_STATES),
  since: z.string(),
  host: z.object({
    name: z.string(),
    state: z.enum(['watching', 'starting', 'lost']),
    since: z.string(),
    openRecovery: OpenRecoverySchema.nullable(),
    /** Of the present loss. */
    lastRecovery: LastRecoverySchema.nullable(),
    problem: z.string().nullable(),
  }),
  targets: z.array(TargetHealthSchema),
  /** The last of them. */
  changes: z.array(z.object({ at: z.string(), what: z.string(), by: z.string(), reason: z.string() })),
});

export const ListedMonitorSchema = z.object({
  name: z.string(),
  state: z.enum(HEALTH_STATES),
  since: z.string(),
  host: z.string().nullable(),
  targets: z.number(),
  unhealthy: z.number(),
  escalated: z.number(),
});

export type MonitorDocument = z.infer<typeof MonitorSchema>;
export type MonitorCheckSpec = z.infer<typeof MonitorCheckSchema>;
export type MonitorSpec = z.infer<typeof SpecSchema>;
export type MonitorChange = z.infer<typeof MonitorChangeSchema>;
export type MaintenanceInput = z.infer<typeof MaintenanceInputSchema>;
export type ResetTargetInput = z.infer<typeof ResetTargetSchema>;
export type CheckNowInput = z.infer<typeof CheckNowSchema>;
export type OpenRecovery = z.infer<typeof OpenRecoverySchema>;
export type CheckHealth = z.infer<typeof CheckHealthSchema>;
export type TargetHealth = z.infer<typeof TargetHealthSchema>;
export type MonitorHealth = z.infer<typeof MonitorHealthSchema>;
export type ListedMonitor = z.infer<typeof ListedMonitorSchema>;

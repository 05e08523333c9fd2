import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { ArgvSchema, CommandOperationSchema } from './operation.schema.ts';
import { ProbeSchema } from './probe.schema.ts';
import { RESTART_POLICIES, STOP_SIGNALS } from './process.ts';

const { env, envAllow, secretEnv } = CommandOperationSchema.shape;

const LimitsSchema = z.strictObject({
  /** Resident memory of the process and all that it has started; above it they are killed. */
  memoryMaxBytes: z.number().int().min(1_000_000, 'is in bytes: at least 1000000').optional(),
  /** As of nice(1): above 0 it yields to others; below 0 only root may. */
  niceness: z.number().int().min(-20).max(19).optional(),
});

const ReadySchema = z.strictObject({
  /** All must pass; without them, to live for restart.minUptime is enough. */
  probes: z.array(ProbeSchema).max(20).default([]),
  within: DurationSchema.default('30s'),
});

const StopSchema = z.strictObject({
  signal: z.enum(STOP_SIGNALS).default('SIGTERM'),
  /** Then SIGKILL follows, for it and for all that it has started. */
  timeout: DurationSchema.default('10s'),
});

const RestartSchema = z.strictObject({
  /** `on-failure`: exit code 0 is no failure. `always`: every end is one. `never`: it is, and a person decides. */
  policy: z.enum(RESTART_POLICIES).default('on-failure'),
  /** So many restarts within the interval; then people are called. */
  startLimitBurst: z.number().int().min(1).max(100).default(5),
  startLimitInterval: DurationSchema.default('10m'),
  /** A start has worked when the process has lived for so long. */
  minUptime: DurationSchema.default('1s'),
  /** Before the second restart within the interval; then twice as long each time. */
  delay: DurationSchema.default('1s'),
  maxDelay: DurationSchema.default('1m'),
});

const OutputSchema = z.strictObject({
  /** Of one file; then the next one is begun. */
  maxBytes: z.number().int().min(1024).max(1_073_741_824).default(10_485_760),
  /** Full files that are kept beside the one that is written. */
  keep: z.number().int().min(0).max(100).default(3),
});

/** A program that a host keeps running. It stays in the foreground: what goes to the background has ended. */
export const ProcessSpecSchema = z.strictObject({
  argv: ArgvSchema,
  cwd: z.string().startsWith('/', 'must be an absolute path').max(4096),
  env,
  envAllow,
  secretEnv,
  limits: LimitsSchema.prefault({}),
  ready: ReadySchema.prefault({}),
  stop: StopSchema.prefault({}),
  restart: RestartSchema.prefault({}),
  output: OutputSchema.prefault({}),
});

/** What a procedure hands to the host. */
export const SupervisedProcessSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, 'must be the name of a component'),
  ...ProcessSpecSchema.shape,
});

export type ProcessSpec = z.infer<typeof ProcessSpecSchema>;

import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { NameSchema } from './names.schema.ts';
import { ArgvSchema } from './operation.schema.ts';
import { PROBE_KINDS } from './probe.ts';

const CommandProbeSchema = z.strictObject({
  argv: ArgvSchema,
  cwd: z.string().optional(),
  expectExit: z.number().int().default(0),
  stdoutContains: z.string().optional(),
});

const FileProbeSchema = z.strictObject({
  path: z.string().min(1),
  exists: z.boolean().default(true),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')
    .optional(),
  contains: z.string().optional(),
});

const HttpProbeSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  /** Default: any of 200 to 399. */
  status: z.number().int().min(100).max(599).optional(),
  contains: z.string().optional(),
});

const TcpProbeSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: z.number().int().min(1).max(65_535),
});

export const ProbeSchema = z
  .strictObject({
    name: NameSchema,
    timeout: DurationSchema.optional(),
    command: CommandProbeSchema.optional(),
    file: FileProbeSchema.optional(),
    http: HttpProbeSchema.optional(),
    tcp: TcpProbeSchema.optional(),
    /** Absolute root for `cwd` and `path`; set by the run that the probe belongs to. */
    workspace: z.string().startsWith('/').optional(),
    host: z.string().optional(),
  })
  .refine((probe) => PROBE_KINDS.filter((kind) => probe[kind] !== undefined).length === 1, {
    error: `must have exactly one of ${PROBE_KINDS.join(', ')}`,
  });

/** Probes must pass within a time and then hold (design 3.5). */
export const VerifySpecSchema = z.strictObject({
  probes: z.array(ProbeSchema).default([]),
  within: DurationSchema.default('30s'),
  holdFor: DurationSchema.default('0s'),
  every: DurationSchema.default('1s'),
});

export const ProbeReadingSchema = z.object({
  name: z.string(),
  kind: z.enum(PROBE_KINDS),
  passed: z.boolean(),
  /** What was seen, in one line: `HTTP 200 in 12 ms`. */
  observed: z.string(),
  durationMs: z.number(),
  at: z.string(),
});

export type Probe = z.infer<typeof ProbeSchema>;
export type VerifySpec = z.infer<typeof VerifySpecSchema>;
export type ProbeReading = z.infer<typeof ProbeReadingSchema>;

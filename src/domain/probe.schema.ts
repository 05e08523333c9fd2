import { z } from 'zod';
import { DurationSchema } from './duration.schema.ts';
import { FAILURE_TYPES } from './failure.ts';
import { NameSchema } from './names.schema.ts';
import { PROBE_SHAPE } from './probe-kinds.schema.ts';
import { PROBE_KINDS } from './probe.ts';

const AnyProbeSchema = z
  .strictObject({
    name: NameSchema,
    timeout: DurationSchema.optional(),
    ...PROBE_SHAPE,
    /** Absolute root for `cwd` and `path`; set by the run that the probe belongs to. */
    workspace: z.string().startsWith('/').optional(),
    host: z.string().optional(),
  })
  .refine((probe) => PROBE_KINDS.filter((kind) => probe[kind] !== undefined).length === 1, {
    error: `must have exactly one of ${PROBE_KINDS.join(', ')}`,
  });

type AnyProbe = z.infer<typeof AnyProbeSchema>;
type AnyProbeInput = z.input<typeof AnyProbeSchema>;
/** Named, so that the types of what holds probes stay short enough to be written out. */
export interface Probe extends AnyProbe {
  name: string;
}
export interface ProbeInput extends AnyProbeInput {
  name: string;
}
export const ProbeSchema: z.ZodType<Probe, ProbeInput> = AnyProbeSchema;

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
  /** What it means, where the probe knows it. */
  failureType: z.enum(FAILURE_TYPES).optional(),
  /** Of those that measure, in the unit. */
  value: z.number().optional(),
  unit: z.string().optional(),
  /** For so long the target asked not to be asked again. Milliseconds. */
  retryAfterMs: z.number().optional(),
});

export type VerifySpec = z.infer<typeof VerifySpecSchema>;
export type ProbeReading = z.infer<typeof ProbeReadingSchema>;

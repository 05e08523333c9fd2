import { z } from 'zod';
import { BREAKER_STATES } from './breaker.ts';
import { DurationSchema } from './duration.schema.ts';

const percent = z.number().gt(0).max(100);

/** The settings of resilience4j by their names; rates are percentages (requirement 5.2). */
export const BreakerSettingsSchema = z.strictObject({
  failureRateThreshold: percent,
  slowCallRateThreshold: percent,
  /** A call that takes longer is slow. */
  slowCallDurationThreshold: DurationSchema,
  /** No rate is looked at before so many calls are in the window. */
  minimumNumberOfCalls: z.number().int().min(1).max(1000),
  slidingWindowType: z.enum(['COUNT_BASED', 'TIME_BASED']),
  /** Calls, or seconds. */
  slidingWindowSize: z.number().int().min(1).max(1000),
  waitDurationInOpenState: DurationSchema,
  permittedNumberOfCallsInHalfOpenState: z.number().int().min(1).max(100),
  /** From the first lease of a half-open time; `0s` is no limit. */
  maxWaitDurationInHalfOpenState: DurationSchema,
  /** False: half-open begins with the first call after the wait. */
  automaticTransitionFromOpenToHalfOpenEnabled: z.boolean(),
});

export const BreakerStateSchema = z.enum(BREAKER_STATES);

export const CallResultSchema = z.strictObject({ ok: z.boolean(), durationMs: z.number().min(0) });

const by = z.string().trim().min(1, 'must name who changes it').max(200);
const reason = z.string().trim().min(1, 'must give a reason').max(2000);

/** Who changes a breaker by hand, and why. */
export const ManualChangeInputSchema = z.strictObject({ by, reason });

export const ForceCloseInputSchema = ManualChangeInputSchema.extend({
  /** Count calls all the same (`METRICS_ONLY`), or not (`DISABLED`, the default). */
  mode: z.enum(['DISABLED', 'METRICS_ONLY']).optional(),
});

export const ConfigureInputSchema = ManualChangeInputSchema.extend({ settings: BreakerSettingsSchema.partial() });

/** Input of the built-in activity `resetBreaker`. */
export const ResetBreakerInputSchema = z.object({
  breaker: z.string().min(1, 'must name a breaker'),
  reason: z.string().optional(),
});

export const BreakerChangeSchema = z.object({
  at: z.string(),
  from: BreakerStateSchema,
  to: BreakerStateSchema,
  /** `breaker` for what it did by itself. */
  by: z.string(),
  reason: z.string(),
});

/** Answer of the query `status`. */
export const BreakerSnapshotSchema = z.object({
  name: z.string(),
  state: BreakerStateSchema,
  degraded: z.boolean(),
  since: z.string(),
  generation: z.number().int(),
  counts: z.object({
    calls: z.number().int(),
    failed: z.number().int(),
    slow: z.number().int(),
    /** Percentages; null before `minimumNumberOfCalls`. */
    failureRate: z.number().nullable(),
    slowCallRate: z.number().nullable(),
    /** Calls that were kept away since the state began. */
    notPermitted: z.number().int(),
    /** Results of an earlier state or of a lapsed lease. */
    ignored: z.number().int(),
  }),
  leases: z.array(z.object({ id: z.string(), by: z.string(), until: z.string() })),
  /** When the next call is let through. */
  nextTryAt: z.string().optional(),
  settings: BreakerSettingsSchema,
  lastChange: BreakerChangeSchema.optional(),
  /** Newest last, the last 50. */
  changes: z.array(BreakerChangeSchema),
});

export type BreakerSettings = z.infer<typeof BreakerSettingsSchema>;
export type BreakerState = z.infer<typeof BreakerStateSchema>;
export type CallResult = z.infer<typeof CallResultSchema>;
export type ManualChangeInput = z.infer<typeof ManualChangeInputSchema>;
export type ForceCloseInput = z.infer<typeof ForceCloseInputSchema>;
export type ConfigureInput = z.infer<typeof ConfigureInputSchema>;
export type BreakerChange = z.infer<typeof BreakerChangeSchema>;
export type BreakerSnapshot = z.infer<typeof BreakerSnapshotSchema>;

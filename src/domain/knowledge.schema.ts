import { z } from 'zod';

/** Of a set of past recoveries or actions; means mislead on few long ones, so quantiles stand beside n. Milliseconds. */
export const SpreadSchema = z.object({
  n: z.number().int(),
  p50: z.number(),
  p90: z.number(),
  max: z.number(),
});

/** How something has gone so far; absent figures: there are too few samples. */
export const TrackRecordSchema = z.object({
  n: z.number().int(),
  /** 0 to 1. */
  successRate: z.number().optional(),
  time: SpreadSchema.optional(),
});

/** What is to be expected of a plan, from what became of earlier ones (design 10, knowledge). */
export const PredictionSchema = z.object({
  /** Recoveries of this failure type by this playbook. */
  plan: TrackRecordSchema,
  /** By action id. */
  actions: z.record(z.string(), TrackRecordSchema),
  /** The playbook's own figure, moved towards what has happened; 0 to 1. */
  confidence: z.number(),
});

/** What a recovery leaves in its memo when it closes: small, and read with lists. */
export const OutcomeMemoSchema = z.object({
  actions: z.array(z.tuple([z.string(), z.string(), z.number()])),
  ttrMs: z.number().optional(),
  humanWaitMs: z.number(),
});

export type Spread = z.infer<typeof SpreadSchema>;
export type TrackRecord = z.infer<typeof TrackRecordSchema>;
export type Prediction = z.infer<typeof PredictionSchema>;
export type OutcomeMemo = z.infer<typeof OutcomeMemoSchema>;

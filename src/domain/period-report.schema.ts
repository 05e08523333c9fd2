import { z } from 'zod';
import { ACTION_TYPES } from './action.ts';
import { DRILL_VERDICTS } from './drill.ts';

/** Milliseconds. The figures are absent below `enough` samples, whose number is always there. */
export const MeasuredSchema = z.object({
  n: z.number().int(),
  p50: z.number().optional(),
  p95: z.number().optional(),
  max: z.number().optional(),
});

/** `unproven`: it has an objective, and nothing to set against it. */
export const ObjectiveStatusSchema = z.enum(['met', 'missed', 'too_few', 'no_objective', 'unproven']);

/** An objective beside what was measured (requirement 7.3). Milliseconds. */
export const JudgedSchema = MeasuredSchema.extend({
  /** Of the newest plan or drill. */
  objectiveMs: z.number().optional(),
  /** Not recovered: slower than every objective. */
  unrecovered: z.number().int(),
  /** How many kept to the objective, of n and those not recovered. */
  within: z.number().int().optional(),
  status: ObjectiveStatusSchema,
});

/** Where the mean time to recover went: the parts add up to it. Milliseconds. */
export const TimePartsSchema = z.object({
  detection: z.number(),
  planning: z.number(),
  humanWait: z.number(),
  action: z.number(),
  verification: z.number(),
});

/** Of recoveries that were proven to have helped. */
export const RecoveryTimeSchema = MeasuredSchema.extend({
  meanMs: z.number().optional(),
  parts: TimePartsSchema.optional(),
});

const CountedErrorSchema = z.object({ key: z.string(), n: z.number().int(), recovered: z.number().int() });

const DrilledSchema = z.object({
  name: z.string(),
  playbook: z.string().nullable(),
  runs: z.number().int(),
  verdicts: z.partialRecord(z.enum(DRILL_VERDICTS), z.number().int()),
  /** `killed` where there is none. */
  lastVerdict: z.string(),
  lastAt: z.string(),
  /** Absent where the last one was not recovered. */
  lastTtrMs: z.number().optional(),
  /** Why the last one has not passed. */
  lastProblem: z.string().optional(),
  rto: JudgedSchema,
  rpo: JudgedSchema,
  /** The most of any run. */
  itemsLost: z.number().int(),
});

const PointSchema = z.object({
  at: z.string(),
  status: z.string(),
  ttrMs: z.number().optional(),
  workflowId: z.string(),
  runId: z.string(),
});

/** What recoveries and drills have shown in a period (requirement 7.3). */
export const PeriodReportSchema = z.object({
  schemaVersion: z.literal(1),
  /** Closed from then on, and before `to`. ISO 8601. */
  from: z.string(),
  to: z.string(),
  createdAt: z.string(),
  /** Fewer samples than this give no figure. */
  enough: z.number().int(),
  read: z.object({
    recoveries: z.number().int(),
    drills: z.number().int(),
    /** There are more in the period: only the newest were read. */
    truncated: z.boolean(),
    /** Those whose report could not be read, each with the reason. */
    unread: z.array(z.object({ workflowId: z.string(), reason: z.string() })),
  }),
  outcomes: z.object({
    byStatus: z.record(z.string(), z.number().int()),
    /** Without those that somebody stopped. */
    counted: z.number().int(),
    recovered: z.number().int(),
    /** 0 to 1. */
    successRate: z.number().optional(),
  }),
  objectives: z.array(z.object({ playbook: z.string(), rto: JudgedSchema, rpo: JudgedSchema })),
  recoveryTime: RecoveryTimeSchema,
  byPlaybook: z.array(z.object({ playbook: z.string(), time: RecoveryTimeSchema })),
  actions: z.array(
    z.object({ type: z.enum(ACTION_TYPES), n: z.number().int(), succeeded: z.number().int(), time: MeasuredSchema }),
  ),
  errors: z.object({
    byCategory: z.array(CountedErrorSchema),
    byType: z.array(CountedErrorSchema),
    /** The same failure at other times; the most frequent ones. */
    byFingerprint: z.array(
      CountedErrorSchema.extend({ type: z.string(), message: z.string(), lastTarget: z.string(), lastAt: z.string() }),
    ),
  }),
  drills: z.array(DrilledSchema),
  /** Of each playbook its newest recoveries, oldest first. */
  trend: z.array(z.object({ playbook: z.string(), objectiveMs: z.number().optional(), points: z.array(PointSchema) })),
});

export type Measured = z.infer<typeof MeasuredSchema>;
export type Judged = z.infer<typeof JudgedSchema>;
export type ObjectiveStatus = z.infer<typeof ObjectiveStatusSchema>;
export type TimeParts = z.infer<typeof TimePartsSchema>;
export type RecoveryTime = z.infer<typeof RecoveryTimeSchema>;
export type PeriodReport = z.infer<typeof PeriodReportSchema>;

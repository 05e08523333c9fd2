import { z } from 'zod';
import { DrillSpecSchema } from './drill.schema.ts';
import { DRILL_VERDICTS } from './drill.ts';
import { DurationSchema } from './duration.schema.ts';
import { NameSchema } from './names.schema.ts';

/** What a suite runs: drills that come with Rerail by name, as they are when it runs, and some of one's own as they were given. */
export const SuiteSelectionSchema = z.strictObject({
  host: z.string().min(1).max(200),
  /** Built-in ones. Absent, with no definitions: all of them. */
  names: z.array(NameSchema).max(500).optional(),
  definitions: z
    .array(z.strictObject({ name: NameSchema, spec: DrillSpecSchema }))
    .max(200)
    .optional(),
});

/** Either field, and not both. Five fields of cron, or one of `@daily` and the like. */
export const SuiteTimesSchema = z
  .strictObject({
    cron: z.string().trim().min(1).max(200).optional(),
    every: DurationSchema.optional(),
    /** Of the cron expression, such as Europe/Berlin. Default: UTC. */
    timezone: z.string().trim().min(1).max(100).optional(),
  })
  .refine(({ cron, every }) => (cron === undefined) !== (every === undefined), {
    path: ['cron'],
    error: 'must be given, or every, and not both',
  });

/** How one drill of a suite has ended. */
export const SuiteDrillSchema = z.object({
  name: z.string(),
  workflowId: z.string(),
  verdict: z.enum(DRILL_VERDICTS),
  problems: z.array(z.string()),
  playbook: z.string().optional(),
  /** Of the playbook as it was then. */
  playbookDigest: z.string().optional(),
  planHash: z.string().optional(),
  /** Milliseconds; null where the steady state was not back. */
  ttrMs: z.number().nullable(),
  startedAt: z.string(),
});

export const DrillRegressionSchema = z.object({
  name: z.string(),
  /** It passed before and does not; or it takes much longer than it did. */
  kind: z.enum(['verdict', 'slower']),
  message: z.string(),
});

/** What is known of a drill from the suites before, newest first. */
export const PastDrillSchema = z.object({
  verdict: z.enum(DRILL_VERDICTS),
  /** Of those that passed, in milliseconds. */
  ttrsMs: z.array(z.number()),
});

export const DrillSuiteReportSchema = z.object({
  schemaVersion: z.literal(1),
  workflowId: z.string(),
  host: z.string(),
  /** Passed only when every drill of it was run and has passed. */
  verdict: z.enum(['passed', 'failed', 'aborted']),
  startedAt: z.string(),
  finishedAt: z.string(),
  drills: z.array(SuiteDrillSchema),
  notRun: z.array(z.object({ name: z.string(), reason: z.string() })),
  regressions: z.array(DrillRegressionSchema),
  /** To how many channels the regressions went. */
  told: z.number().int(),
  /** What the suite itself could not do. */
  problems: z.array(z.string()),
  /** By drill; what the next suite is compared with. */
  past: z.record(z.string(), PastDrillSchema),
});

/** A row of the list. */
export const ListedSuiteSchema = z.object({
  workflowId: z.string(),
  /** The verdict; `running` or `killed` where there is none. */
  verdict: z.string(),
  passed: z.number().nullable(),
  failed: z.number().nullable(),
  notRun: z.number().nullable(),
  regressions: z.number().nullable(),
  startedAt: z.string(),
  closedAt: z.string().nullable(),
});

export type SuiteSelection = z.infer<typeof SuiteSelectionSchema>;
export type SuiteTimes = z.infer<typeof SuiteTimesSchema>;
export type SuiteDrill = z.infer<typeof SuiteDrillSchema>;
export type DrillRegression = z.infer<typeof DrillRegressionSchema>;
export type PastDrill = z.infer<typeof PastDrillSchema>;
export type DrillSuiteReport = z.infer<typeof DrillSuiteReportSchema>;
export type ListedSuite = z.infer<typeof ListedSuiteSchema>;

import { z } from 'zod';
import { BULK_STATUSES, EXECUTION_RESULTS, RECOVERY_WAYS } from './bulk.ts';
import { DurationSchema } from './duration.schema.ts';
import { NameSchema } from './names.schema.ts';

export const RecoveryWaySchema = z.enum(RECOVERY_WAYS);

/** A recovery of many closed executions (workflow `bulkRecovery`). */
export const BulkInputSchema = z.strictObject({
  /** Names the incident; the workflow is `bulk/<name>`. */
  name: NameSchema,
  /** Of Visibility. Without a word on `ExecutionStatus` it means those that failed, timed out or were terminated. */
  query: z.string().trim().min(1, 'must say which executions, such as "WorkflowType = \'order\'"'),
  how: RecoveryWaySchema.default('reset'),
  /** At a time, each until it has closed or was watched for long enough. */
  maxConcurrent: z.number().int().min(1).max(200).default(5),
  ratePerMinute: z.number().positive().max(6000).default(60),
  /** More errors than this stop it: a count, or a percentage once ten were treated. */
  maxErrors: z
    .union([
      z.number().int().min(0),
      z.string().regex(/^(100|\d{1,2})%$/, 'must be a number or a percentage such as "20%"'),
    ])
    .default('20%'),
  /** Asked before each execution and told how it went. */
  breaker: NameSchema.optional(),
  /** How long a recovered execution is watched; one that fails in that time is an error. */
  watchFor: DurationSchema.default('1m'),
  /** An execution that has failed more often than this under its workflow id is left to a person. */
  maxFailures: z.number().int().min(1).default(3),
  /** Only says what it would do. */
  dryRun: z.boolean().default(true),
  by: z.string().trim().min(1, 'must say who'),
  reason: z.string().trim().min(1, 'must say why'),
});

export const TreatedExecutionSchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  result: z.enum(EXECUTION_RESULTS),
  /** The run that it goes on in. */
  newRunId: z.string().optional(),
  /** Why it was skipped, or its error. */
  note: z.string().optional(),
  at: z.string(),
});

/** Answer of the query `progress`, and the result. */
export const BulkReportSchema = z.object({
  name: z.string(),
  query: z.string(),
  how: RecoveryWaySchema,
  dryRun: z.boolean(),
  status: z.enum(BULK_STATUSES),
  /** How many the query found when it began. */
  found: z.number().int(),
  /** Of each result; `open` are being treated now. */
  counts: z.object({
    recovered: z.number().int(),
    running: z.number().int(),
    failed: z.number().int(),
    skipped: z.number().int(),
    open: z.number().int(),
  }),
  /** The first ids of a dry run. */
  first: z.array(z.string()),
  /** Of each execution, the last thousand, newest last; failures are kept longest. */
  executions: z.array(TreatedExecutionSchema),
  /** What people and limits have done to it. */
  changes: z.array(z.object({ at: z.string(), what: z.string(), by: z.string(), reason: z.string() })),
  startedAt: z.string(),
});

export type BulkInput = z.infer<typeof BulkInputSchema>;
export type BulkInputGiven = z.input<typeof BulkInputSchema>;
export type BulkReport = z.infer<typeof BulkReportSchema>;
export type TreatedExecution = z.infer<typeof TreatedExecutionSchema>;

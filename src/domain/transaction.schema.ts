import { z } from 'zod';
import { RetrySpecSchema } from './action.schema.ts';
import { DurationSchema } from './duration.schema.ts';
import { JsonSchema, NameSchema, TargetSchema } from './names.schema.ts';
import { OperationSchema } from './operation.schema.ts';
import { AttemptSchema, RecordedErrorSchema, WaitingForSchema } from './recovery.schema.ts';
import { CompensationRecordSchema } from './report.schema.ts';
import { templatePaths } from './template.ts';
import {
  CLOSED_TRANSACTION_STATUSES,
  DEFAULT_OPERATION_TIMEOUT,
  TRANSACTION_OPERATION_STATUSES,
  TRANSACTION_STATUSES,
  UNDO_FAILURE_POLICIES,
} from './transaction.ts';

export const TransactionOperationSchema = z.strictObject({
  id: NameSchema,
  title: z.string().min(1).max(200).optional(),
  operation: OperationSchema,
  /** Takes the effect back, also one that may not have come about: it has to be idempotent. */
  undo: OperationSchema.optional(),
  retry: RetrySpecSchema.optional(),
  /** Of one try, of the operation and of its undo, where these have none of their own. */
  timeout: DurationSchema.prefault(DEFAULT_OPERATION_TIMEOUT),
});

/** A template that could not have a value when it is needed is a mistake that shows before anything is done. */
const OperationsSchema = z
  .array(TransactionOperationSchema)
  .min(1, 'must have at least one operation')
  .max(100)
  .superRefine((operations, context) => {
    const place = new Map<string, number>();
    operations.forEach(({ id }, index) => void (place.has(id) || place.set(id, index)));
    operations.forEach(({ id, operation, undo }, index) => {
      if (place.get(id) !== index)
        context.addIssue({ code: 'custom', path: [index, 'id'], message: `operation "${id}" is there twice` });
      const check = (field: 'operation' | 'undo', value: unknown, before: number): void => {
        for (const path of templatePaths(value)) {
          const [root = '', name = ''] = path.split('.');
          if (root === 'actions' && (place.get(name) ?? Number.NaN) < before) continue;
          const message = `{{ ${path} }} leads nowhere: write inputs.NAME, or actions.ID.output.FIELD of an operation before this one`;
          context.addIssue({ code: 'custom', path: [index, field], message });
        }
      };
      check('operation', operation, index);
      if (undo) check('undo', undo, index + 1);
    });
  });

const shared = {
  target: TargetSchema.optional(),
  /** What templates read as `inputs`: put in before anything else is looked at. */
  inputs: z.record(z.string(), JsonSchema).default({}),
  /** `park`: a failed undo waits for a person, up to a day, before the next one. */
  onUndoFailure: z.enum(UNDO_FAILURE_POLICIES).default('report'),
  operations: OperationsSchema,
};

/** What a transaction is started with (requirement 5.4). */
export const TransactionInputSchema = z.strictObject({ name: NameSchema, ...shared });

/** The same as a file. */
export const TransactionSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('Transaction'),
  metadata: z.strictObject({ name: NameSchema, description: z.string().max(500).optional() }),
  spec: z.strictObject({
    ...shared,
    /** Relative to the file; commands run there. */
    workspace: z.string().default('.'),
  }),
});

export const TransactionOperationRecordSchema = z.object({
  id: z.string(),
  title: z.string(),
  undoable: z.boolean(),
  status: z.enum(TRANSACTION_OPERATION_STATUSES),
  attempts: z.array(AttemptSchema),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  durationMs: z.number(),
  /** What templates read; left out of reports where all outputs together are too large for them. */
  output: JsonSchema.optional(),
  outputOmitted: z.boolean().optional(),
  error: RecordedErrorSchema.optional(),
});

export const UndoDecisionRecordSchema = z.object({
  decision: z.string(),
  by: z.string(),
  reason: z.string(),
  at: z.string(),
});

export const UndoRecordSchema = CompensationRecordSchema.extend({
  startedAt: z.string(),
  /** What people decided on it when it had failed. */
  decisions: z.array(UndoDecisionRecordSchema).optional(),
});

/** Answer of the query `status`. */
export const TransactionSnapshotSchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  name: z.string(),
  target: z.string().optional(),
  status: z.enum(TRANSACTION_STATUSES),
  current: z.string().optional(),
  waitingFor: WaitingForSchema.optional(),
  operations: z.array(TransactionOperationRecordSchema),
  undos: z.array(UndoRecordSchema),
  startedAt: z.string(),
});

/** The result of a transaction, however it ends. */
export const TransactionReportSchema = TransactionSnapshotSchema.omit({ current: true, waitingFor: true }).extend({
  schemaVersion: z.literal(1),
  status: z.enum(CLOSED_TRANSACTION_STATUSES),
  /** One sentence that says how it ended and why; failed undos come first. */
  summary: z.string(),
  nextSteps: z.array(z.string()),
  cancelled: z.boolean(),
  finishedAt: z.string(),
  durationMs: z.number(),
  error: RecordedErrorSchema.optional(),
});

export type TransactionInput = z.infer<typeof TransactionInputSchema>;
export type TransactionDraft = z.input<typeof TransactionInputSchema>;
export type TransactionDocument = z.infer<typeof TransactionSchema>;
export type TransactionOperation = z.infer<typeof TransactionOperationSchema>;
export type TransactionOperationRecord = z.infer<typeof TransactionOperationRecordSchema>;
export type UndoDecisionRecord = z.infer<typeof UndoDecisionRecordSchema>;
export type UndoRecord = z.infer<typeof UndoRecordSchema>;
export type TransactionSnapshot = z.infer<typeof TransactionSnapshotSchema>;
export type TransactionReport = z.infer<typeof TransactionReportSchema>;

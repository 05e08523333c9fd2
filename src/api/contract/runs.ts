import { z } from 'zod';
import { BULK_STATUSES, RECOVERY_WAYS } from '../../domain/bulk.ts';
import { BulkInputSchema, BulkReportSchema } from '../../domain/bulk.schema.ts';
import { JsonSchema, NameSchema } from '../../domain/names.schema.ts';
import { PipelineSchema } from '../../domain/pipeline.schema.ts';
import { RunReportSchema, RunSnapshotSchema } from '../../domain/run.schema.ts';
import {
  TransactionInputSchema,
  TransactionReportSchema,
  TransactionSnapshotSchema,
} from '../../domain/transaction.schema.ts';
import { defineRoute } from './route.ts';
import { cursor, limit, LinksSchema, pageOf, reason, ReasonBody, ReceiptAnswerSchema, RunIdSchema } from './shared.ts';

const runId = z
  .string()
  .regex(/^run\/[A-Za-z0-9._@:/-]{1,220}$/, 'must be a workflow id, such as run/shop/1, URL-encoded');
const key = z.string().regex(/^[\w.@:/-]{1,200}$/, 'must be 1 to 200 letters, digits and . _ - @ : /');
const host = z.string().regex(/^[A-Za-z0-9._-]{1,200}$/, 'must be the name of a host');
const absolute = z.string().startsWith('/', 'must be an absolute path').max(4000);
const executionId = z.string().min(1).max(1000);

export const ListedRunSchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  target: z.string().nullable(),
  status: z.string(),
  startedAt: z.string(),
  closedAt: z.string().nullable(),
});

const StartedRunSchema = z.object({ workflowId: z.string(), links: LinksSchema });

export const RUNS = {
  listRuns: defineRoute({
    method: 'GET',
    path: '/api/v1/runs',
    tag: 'runs',
    summary: 'Protected runs, newest first.',
    access: 'viewer',
    changes: false,
    query: z.strictObject({ limit, cursor }),
    answers: { 200: { description: 'A page.', schema: pageOf(ListedRunSchema) } },
  }),
  startRun: defineRoute({
    method: 'POST',
    path: '/api/v1/runs',
    tag: 'runs',
    summary: 'Start a protected run. It runs commands of your choice on a host: for admins.',
    access: 'admin',
    changes: true,
    body: z.strictObject({
      pipeline: PipelineSchema,
      workspace: absolute,
      host,
      key: key.optional(),
      playbook: NameSchema.optional(),
      inputs: z.record(z.string(), JsonSchema).optional(),
    }),
    answers: { 202: { description: 'Started.', schema: StartedRunSchema } },
    problems: [409],
  }),
  getRun: defineRoute({
    method: 'GET',
    path: '/api/v1/runs/{id}',
    tag: 'runs',
    summary: 'Where a run stands, or how it ended.',
    access: 'viewer',
    changes: false,
    params: z.object({ id: runId }),
    answers: {
      200: {
        description: 'One of the two.',
        schema: z.object({ snapshot: RunSnapshotSchema.nullable(), report: RunReportSchema.nullable() }),
      },
    },
    problems: [404],
  }),
  cancelRun: defineRoute({
    method: 'POST',
    path: '/api/v1/runs/{id}/cancel',
    tag: 'runs',
    summary: 'Stop a run and undo what it has done.',
    access: 'operator',
    changes: true,
    params: z.object({ id: runId }),
    body: ReasonBody,
    answers: { 202: { description: 'Taken.', schema: ReceiptAnswerSchema } },
    problems: [404],
  }),
  startTransaction: defineRoute({
    method: 'POST',
    path: '/api/v1/transactions',
    tag: 'transactions',
    summary: 'Start a transaction, or find the one that this key has started. It may run commands: for admins.',
    access: 'admin',
    changes: true,
    body: z.strictObject({
      transaction: TransactionInputSchema,
      key: key.optional(),
      host: host.optional(),
      workspace: absolute.optional(),
    }),
    answers: {
      200: { description: 'Found.', schema: StartedRunSchema },
      202: { description: 'Started.', schema: StartedRunSchema },
    },
    problems: [409],
  }),
  getTransaction: defineRoute({
    method: 'GET',
    path: '/api/v1/transactions/{key}',
    tag: 'transactions',
    summary: 'Where a transaction stands, or how it ended.',
    access: 'viewer',
    changes: false,
    params: z.object({ key }),
    answers: {
      200: {
        description: 'One of the two.',
        schema: z.object({
          snapshot: TransactionSnapshotSchema.nullable(),
          report: TransactionReportSchema.nullable(),
        }),
      },
    },
    problems: [404],
  }),
  cancelTransaction: defineRoute({
    method: 'POST',
    path: '/api/v1/transactions/{key}/cancel',
    tag: 'transactions',
    summary: 'Stop a transaction and undo what it has done.',
    access: 'operator',
    changes: true,
    params: z.object({ key }),
    body: ReasonBody,
    answers: { 202: { description: 'Taken.', schema: ReceiptAnswerSchema } },
    problems: [404],
  }),
  recoverExecution: defineRoute({
    method: 'POST',
    path: '/api/v1/executions:recover',
    tag: 'executions',
    summary: 'Recover one closed execution of your own, by reset or restart; `dryRun` only says what it is.',
    access: 'operator',
    changes: true,
    body: z.strictObject({
      workflowId: executionId,
      runId: RunIdSchema.optional(),
      how: z.enum(RECOVERY_WAYS).default('reset'),
      dryRun: z.boolean().default(true),
      reason,
    }),
    answers: {
      200: {
        description: 'What it is, or its new run.',
        schema: z.object({
          workflowId: z.string(),
          runId: z.string(),
          dryRun: z.boolean(),
          status: z.string().optional(),
          newRunId: z.string().optional(),
        }),
      },
    },
    problems: [404, 409],
  }),
  listBulks: defineRoute({
    method: 'GET',
    path: '/api/v1/executions/bulks',
    tag: 'executions',
    summary: 'Recoveries of many closed executions, newest first.',
    access: 'viewer',
    changes: false,
    answers: {
      200: {
        description: 'All that the namespace keeps.',
        schema: z.object({
          items: z.array(
            z.object({
              name: z.string(),
              runId: z.string(),
              status: z.enum(BULK_STATUSES),
              startedAt: z.string(),
              closedAt: z.string().optional(),
              by: z.string().optional(),
              reason: z.string().optional(),
            }),
          ),
        }),
      },
    },
  }),
  startBulk: defineRoute({
    method: 'POST',
    path: '/api/v1/executions/bulks',
    tag: 'executions',
    summary:
      'Recover many closed executions by a query. `dryRun` is true by default: it only counts. To apply is for admins.',
    access: 'operator',
    changes: true,
    body: BulkInputSchema.omit({ by: true }),
    answers: {
      200: {
        description: 'What it would do.',
        schema: z.object({
          name: z.string(),
          how: z.enum(RECOVERY_WAYS),
          dryRun: z.literal(true),
          found: z.number().int(),
          first: z.array(z.string()),
        }),
      },
      202: { description: 'Started.', schema: StartedRunSchema },
    },
    problems: [409],
  }),
  getBulk: defineRoute({
    method: 'GET',
    path: '/api/v1/executions/bulks/{name}',
    tag: 'executions',
    summary: 'Where a bulk recovery stands, or how it ended.',
    access: 'viewer',
    changes: false,
    params: z.object({ name: NameSchema }),
    answers: { 200: { description: 'Its progress.', schema: BulkReportSchema } },
    problems: [404],
  }),
  stopBulk: defineRoute({
    method: 'POST',
    path: '/api/v1/executions/bulks/{name}/stop',
    tag: 'executions',
    summary: 'Stop a bulk recovery: what is being treated is finished, nothing more is begun.',
    access: 'operator',
    changes: true,
    params: z.object({ name: NameSchema }),
    body: ReasonBody,
    answers: { 200: { description: 'Taken.', schema: ReceiptAnswerSchema } },
    problems: [404, 409],
  }),
};

import { z } from 'zod';
import { FailureSchema, FailureTypeSchema, CategorySchema, SeveritySchema } from '../../domain/failure.schema.ts';
import { JsonSchema, NameSchema, TargetSchema } from '../../domain/names.schema.ts';
import { PlanSchema } from '../../domain/plan.schema.ts';
import { ListedRecoverySchema, ListedStatusSchema, type ListedStatus } from '../../domain/recovery-list.schema.ts';
import { AllowedDecisionSchema, RecoverySnapshotSchema, TimelineEntrySchema } from '../../domain/recovery.schema.ts';
import { RECOVERY_STATUSES } from '../../domain/recovery.ts';
import { COARSE_STATES, type CoarseState } from '../../domain/coarse-state.ts';
import { RecoveryReportSchema } from '../../domain/report.schema.ts';
import type { Json } from '../../domain/canonical-json.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Plan } from '../../domain/plan.ts';
import type { AllowedDecision, RecoverySnapshot, TimelineEntry } from '../../domain/recovery.ts';
import type { RecoveryReport } from '../../domain/report.ts';
import { defineRoute } from './route.ts';
import { commaList, cursor, limit, LinksSchema, pageOf, reason, RecoveryParams, RunQuery } from './shared.ts';

const tag = 'recoveries';

/** Who reports comes from the token; where a run stands is told by runs only. */
export const ReportedFailureSchema = FailureSchema.omit({ source: true, run: true });

export interface StartRecoveryRequest {
  failure: Omit<Failure, 'source' | 'run'>;
  playbook?: string | undefined;
  inputs?: Record<string, Json> | undefined;
  breakGlass?: { reason: string } | undefined;
}

/** Typed by name: the compiler would not write the whole of it out. */
export const StartRecoveryBody: z.ZodType<StartRecoveryRequest> = z.strictObject({
  failure: ReportedFailureSchema,
  playbook: NameSchema.optional().describe('By name, instead of by choice.'),
  inputs: z.record(z.string(), JsonSchema).optional(),
  breakGlass: z
    .strictObject({ reason })
    .optional()
    .describe('Lets it through the brakes in an emergency. Admins only.'),
});

export const StartedRecoverySchema = z.object({
  workflowId: z.string(),
  runId: z.string(),
  target: z.string(),
  deduplicated: z.boolean().describe('One was open for the target, and the failure has joined it.'),
  links: LinksSchema,
});

export const IdempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible characters')
    .optional()
    .describe('The same again with the same body starts nothing; with another body it is refused.'),
});

export interface RecoveryDetail {
  workflowId: string;
  runId: string;
  target: string;
  status: ListedStatus;
  coarseState: CoarseState;
  open: boolean;
  startedAt: string;
  closedAt: string | null;
  snapshot: RecoverySnapshot | null;
  report: RecoveryReport | null;
  plan: Plan | null;
  timeline: TimelineEntry[];
  allowedDecisions: AllowedDecision[];
  unanswered?: string | undefined;
  links: Record<string, string>;
}

export const RecoveryDetailSchema: z.ZodType<RecoveryDetail> = z.object({
  workflowId: z.string(),
  runId: z.string(),
  target: z.string(),
  status: ListedStatusSchema,
  coarseState: z.enum(COARSE_STATES),
  open: z.boolean(),
  startedAt: z.string(),
  closedAt: z.string().nullable(),
  snapshot: RecoverySnapshotSchema.nullable().describe('Null when no worker answers, and then `unanswered` says why.'),
  report: RecoveryReportSchema.nullable().describe('Of a closed one.'),
  plan: PlanSchema.nullable(),
  timeline: z.array(TimelineEntrySchema),
  allowedDecisions: z
    .array(AllowedDecisionSchema)
    .describe('Empty for a closed one; each with the reason when it is refused.'),
  unanswered: z.string().optional(),
  links: LinksSchema,
});

const Report: z.ZodType<RecoveryReport> = RecoveryReportSchema;

export const RecoveryFilterQuery = z.strictObject({
  status: commaList(z.enum(RECOVERY_STATUSES)).optional().describe('One or several, with commas.'),
  target: TargetSchema.optional(),
  playbook: NameSchema.optional(),
  subject: TargetSchema.optional(),
  category: CategorySchema.optional(),
  failureType: FailureTypeSchema.optional(),
  severity: SeveritySchema.optional(),
  waitingFor: z
    .string()
    .regex(/^[A-Za-z0-9:._/-]{1,200}$/, 'must be "any", "person" or a value such as "approval"')
    .optional()
    .describe('`any`, `person` (anything but a circuit breaker), or exactly what it waits for, such as `approval`.'),
  open: z.stringbool().optional(),
});

export const RecoveryCountsSchema = z.object({
  byStatus: z.partialRecord(z.enum(RECOVERY_STATUSES), z.number().int()).describe('By status; only those that occur.'),
  open: z.number().int(),
  killed: z.number().int().describe('Ended from outside.'),
  waiting: z.number().int().describe('Open ones that wait for a person.'),
  total: z.number().int(),
  at: z.string(),
});

export const RECOVERIES = {
  listRecoveries: defineRoute({
    method: 'GET',
    path: '/api/v1/recoveries',
    tag,
    summary: 'Recoveries, newest first, from one Visibility query per page.',
    access: 'viewer',
    changes: false,
    shared: true,
    query: RecoveryFilterQuery.extend({ limit, cursor }),
    answers: { 200: { description: 'A page.', schema: pageOf(ListedRecoverySchema) } },
  }),
  startRecovery: defineRoute({
    method: 'POST',
    path: '/api/v1/recoveries',
    tag,
    summary: 'Report a failure: starts a recovery, or joins the open one of the target.',
    access: 'operator',
    changes: true,
    headers: IdempotencyHeaders,
    body: StartRecoveryBody,
    answers: {
      200: { description: 'The failure has joined the open recovery of the target.', schema: StartedRecoverySchema },
      202: {
        description: 'Started.',
        schema: StartedRecoverySchema,
        headers: { Location: 'Where the recovery can be read.' },
      },
    },
    problems: [409, 422],
  }),
  countRecoveries: defineRoute({
    method: 'GET',
    path: '/api/v1/recoveries/counts',
    tag,
    summary: 'How many recoveries have each status.',
    access: 'viewer',
    changes: false,
    shared: true,
    answers: { 200: { description: 'Counts.', schema: RecoveryCountsSchema } },
  }),
  getRecovery: defineRoute({
    method: 'GET',
    path: '/api/v1/recoveries/{id}',
    tag,
    summary: 'One recovery: where it stands or how it ended, its plan, timeline and allowed decisions.',
    access: 'viewer',
    changes: false,
    shared: true,
    params: RecoveryParams,
    query: RunQuery,
    answers: { 200: { description: 'The recovery.', schema: RecoveryDetailSchema } },
    problems: [404],
  }),
  recoveryEvents: defineRoute({
    method: 'GET',
    path: '/api/v1/recoveries/{id}/events',
    tag,
    summary:
      'Server-sent events: `status` (a RecoverySnapshot), `timeline` (an entry, its id goes into Last-Event-ID), `closed` (status and summary, the last one), `unanswered` (no worker answers).',
    access: 'viewer',
    changes: false,
    params: RecoveryParams,
    query: RunQuery,
    answers: { 200: { description: 'The stream.', contentType: 'text/event-stream' } },
    problems: [404],
  }),
  recoveryReport: defineRoute({
    method: 'GET',
    path: '/api/v1/recoveries/{id}/report',
    tag,
    summary: 'The report of a closed recovery, as JSON or Markdown.',
    access: 'viewer',
    changes: false,
    params: RecoveryParams,
    query: RunQuery.extend({ format: z.enum(['json', 'markdown']).default('json') }),
    answers: {
      200: {
        description: 'The report; `format=markdown` as text.',
        schema: Report,
      },
    },
    problems: [404, 409],
  }),
  recoveryReceipt: defineRoute({
    method: 'GET',
    path: '/api/v1/recoveries/{id}/receipt',
    tag,
    summary: 'The hash-chained receipt of a closed recovery, one JSON line per entry.',
    access: 'viewer',
    changes: false,
    params: RecoveryParams,
    query: RunQuery,
    answers: { 200: { description: 'The receipt.', contentType: 'application/x-ndjson' } },
    problems: [404, 409],
  }),
};

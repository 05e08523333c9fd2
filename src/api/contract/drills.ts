import { z } from 'zod';
import { DrillReportSchema, DrillSchema, ListedDrillSchema } from '../../domain/drill.schema.ts';
import { DrillSuiteReportSchema, ListedSuiteSchema } from '../../domain/drill-suite.schema.ts';
import { NameSchema } from '../../domain/names.schema.ts';
import { defineRoute } from './route.ts';
import { limit, reason, ReasonBody } from './shared.ts';

const DrillParams = z.object({
  id: z
    .string()
    .regex(/^(drill\/)?[a-z0-9-]+\/[a-z0-9-]+$/, 'must be the id of a drill, as the list shows it, URL-encoded')
    .describe('Workflow id, with or without `drill/`, URL-encoded: `git-lock%2F2026-01-01t12-00-00-000`.'),
});

const SuiteParams = z.object({
  id: z
    .string()
    .max(300)
    .regex(
      /^(drill-suite\/)?[A-Za-z0-9][A-Za-z0-9._:@-]*$/,
      'must be the id of a suite, as the list shows it, URL-encoded',
    )
    .describe('Workflow id, with or without `drill-suite/`, URL-encoded: `web-1-2026-01-01T04:00:00Z`.'),
});

export const DRILLS = {
  listDrills: defineRoute({
    method: 'GET',
    path: '/api/v1/drills',
    tag: 'drills',
    summary: 'Drills that were run, newest first, from Visibility.',
    access: 'viewer',
    changes: false,
    query: z.strictObject({ limit, name: NameSchema.optional() }),
    answers: { 200: { description: 'The newest.', schema: z.object({ items: z.array(ListedDrillSchema) }) } },
  }),
  getDrill: defineRoute({
    method: 'GET',
    path: '/api/v1/drills/{id}',
    tag: 'drills',
    summary: 'How a drill has ended; null as long as it goes on.',
    access: 'viewer',
    changes: false,
    params: DrillParams,
    answers: { 200: { description: 'The report.', schema: z.object({ report: DrillReportSchema.nullable() }) } },
    problems: [404],
  }),
  listDrillSuites: defineRoute({
    method: 'GET',
    path: '/api/v1/drill-suites',
    tag: 'drills',
    summary: 'Suites of drills that were scheduled, newest first, from Visibility.',
    access: 'viewer',
    changes: false,
    query: z.strictObject({ limit, host: z.string().min(1).max(200).optional() }),
    answers: { 200: { description: 'The newest.', schema: z.object({ items: z.array(ListedSuiteSchema) }) } },
  }),
  getDrillSuite: defineRoute({
    method: 'GET',
    path: '/api/v1/drill-suites/{id}',
    tag: 'drills',
    summary: 'How each drill of a suite has ended, and what has become worse; as far as it is, while it goes on.',
    access: 'viewer',
    changes: false,
    params: SuiteParams,
    answers: {
      200: { description: 'The report.', schema: z.object({ open: z.boolean(), report: DrillSuiteReportSchema }) },
    },
    problems: [404],
  }),
  startDrill: defineRoute({
    method: 'POST',
    path: '/api/v1/drills',
    tag: 'drills',
    summary: 'Run a built-in drill by its name, or one of your own.',
    // It runs commands on a host.
    access: 'admin',
    changes: true,
    body: z
      .strictObject({
        reason,
        name: NameSchema.optional(),
        definition: DrillSchema.optional(),
        host: z.string().min(1).optional(),
      })
      .refine(({ name, definition }) => (name === undefined) !== (definition === undefined), {
        error: 'must have exactly one of name and definition',
      }),
    answers: { 202: { description: 'It has begun.', schema: z.object({ workflowId: z.string() }) } },
    problems: [404],
  }),
  cancelDrill: defineRoute({
    method: 'POST',
    path: '/api/v1/drills/{id}/cancel',
    tag: 'drills',
    summary: 'Take back the fault and its recovery.',
    access: 'operator',
    changes: true,
    params: DrillParams,
    body: ReasonBody,
    answers: { 202: { description: 'It is stopping.', schema: z.object({ workflowId: z.string() }) } },
    problems: [404],
  }),
};

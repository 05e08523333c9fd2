import { z } from 'zod';
import { AuditEntrySchema } from '../../domain/audit.schema.ts';
import { DurationSchema } from '../../domain/duration.schema.ts';
import { SpreadSchema, TrackRecordSchema } from '../../domain/knowledge.schema.ts';
import { defineRoute, ROLES } from './route.ts';
import { cursor, limit, pageOf } from './shared.ts';

export const StatisticsSchema = z.object({
  all: TrackRecordSchema,
  read: z.number().int().describe('How many recoveries were looked at.'),
  groups: z.array(z.object({ key: z.string(), record: TrackRecordSchema, humanWait: SpreadSchema.optional() })),
});

export const INSIGHT = {
  events: defineRoute({
    method: 'GET',
    path: '/api/v1/events',
    tag: 'events',
    summary:
      'Server-sent events about the list: `list` (the open recoveries and counts, first), `changed` (recoveries that changed), `counts`, `breakers`, `unanswered`.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'The stream.', contentType: 'text/event-stream' } },
  }),
  statistics: defineRoute({
    method: 'GET',
    path: '/api/v1/stats',
    tag: 'statistics',
    summary: 'How recoveries have gone: how often they helped and how fast; figures are absent below five samples.',
    access: 'viewer',
    changes: false,
    query: z.strictObject({
      by: z.enum(['playbook', 'failureType', 'status']).default('playbook'),
      since: DurationSchema.optional().describe('Closed within this time, such as `7 days`.'),
      limit: z.coerce.number('must be a number').int().min(1).max(10_000).default(1000).describe('Of the newest.'),
    }),
    answers: { 200: { description: 'Figures.', schema: StatisticsSchema } },
  }),
  audit: defineRoute({
    method: 'GET',
    path: '/api/v1/audit',
    tag: 'audit',
    summary: 'What was changed through this API and by whom, newest first.',
    access: 'admin',
    changes: false,
    query: z.strictObject({ limit, cursor }),
    answers: { 200: { description: 'A page.', schema: pageOf(AuditEntrySchema) } },
  }),
  whoami: defineRoute({
    method: 'GET',
    path: '/api/v1/whoami',
    tag: 'access',
    summary: 'Who you are to this server, and what you may do.',
    access: 'viewer',
    changes: false,
    answers: {
      200: {
        description: 'You.',
        schema: z.object({
          name: z.string(),
          roles: z.array(z.enum(ROLES)),
          teams: z.array(z.string()),
          via: z.enum(['local', 'token', 'jwt', 'signature', 'link']),
          signsApprovals: z.boolean().describe('Whether approvals through this server are signed.'),
          temporalUi: z.string().optional(),
          namespace: z.string(),
        }),
      },
    },
  }),
};

import { z } from 'zod';
import { MomentSchema } from '../../domain/moment.schema.ts';
import { PeriodReportSchema } from '../../domain/period-report.schema.ts';
import { defineRoute } from './route.ts';

export const REPORTS = {
  getPeriodReport: defineRoute({
    method: 'GET',
    path: '/api/v1/reports/period',
    tag: 'reports',
    summary:
      'What recoveries and drills have shown in a period: objectives beside measured times, where the time went, errors, drills. Figures are absent below five samples.',
    access: 'viewer',
    changes: false,
    shared: true,
    query: z.strictObject({
      from: MomentSchema.optional().describe('Closed since then. Default: 30 days before `to`.'),
      to: MomentSchema.optional().describe('And before then. Default: now.'),
      limit: z.coerce.number('must be a number').int().min(1).max(5000).default(1000).describe('Of the newest.'),
    }),
    answers: { 200: { description: 'The report.', schema: PeriodReportSchema } },
  }),
};

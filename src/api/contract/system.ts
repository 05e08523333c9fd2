import { z } from 'zod';
import { ERROR_CODES } from '../../domain/errors.ts';
import { defineRoute } from './route.ts';

const tag = 'system';

const CheckSchema = z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() });
const ReadinessSchema = z.object({ ready: z.boolean(), checks: z.array(CheckSchema) });

export const SYSTEM = {
  health: defineRoute({
    method: 'GET',
    path: '/healthz',
    tag,
    summary: 'This process answers.',
    access: 'public',
    changes: false,
    answers: { 200: { description: 'It does.', schema: z.object({ ok: z.literal(true) }) } },
  }),
  readiness: defineRoute({
    method: 'GET',
    path: '/readyz',
    tag,
    summary: 'Temporal answers, the namespace is there, and a worker polls the task queue.',
    access: 'public',
    changes: false,
    answers: {
      200: { description: 'Ready.', schema: ReadinessSchema },
      503: { description: 'Not ready, and why.', schema: ReadinessSchema },
    },
  }),
  metrics: defineRoute({
    method: 'GET',
    path: '/metrics',
    tag,
    summary: 'Metrics in the text format of Prometheus.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'The metrics.', contentType: 'text/plain' } },
    problems: [404],
  }),
  errorPage: defineRoute({
    method: 'GET',
    path: '/docs/errors/{code}',
    tag,
    summary: 'What an error means and what to do about it: where the `type` of a problem leads.',
    access: 'public',
    changes: false,
    params: z.object({ code: z.enum(ERROR_CODES, 'must be the code of an error') }),
    answers: { 200: { description: 'The page, in Markdown.', contentType: 'text/markdown' } },
  }),
  openapi: defineRoute({
    method: 'GET',
    path: '/openapi.json',
    tag,
    summary: 'This description.',
    access: 'public',
    changes: false,
    answers: { 200: { description: 'OpenAPI 3.1.', schema: z.record(z.string(), z.unknown()) } },
  }),
};

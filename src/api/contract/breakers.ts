import { z } from 'zod';
import { BreakerSnapshotSchema, BreakerStateSchema, ForceCloseInputSchema } from '../../domain/breaker.schema.ts';
import { NameSchema } from '../../domain/names.schema.ts';
import { defineRoute } from './route.ts';
import { reason, ReasonBody } from './shared.ts';

export const ListedBreakerSchema = z.object({ name: z.string(), state: BreakerStateSchema, since: z.string() });
const Snapshot = BreakerSnapshotSchema;
const answers = { 200: { description: 'The breaker as it is now.', schema: Snapshot } };
const change = {
  method: 'POST',
  tag: 'breakers',
  changes: true,
  params: z.object({ name: NameSchema }),
  answers,
} as const;

const AutomationSchema = z.object({
  automation: z.enum(['on', 'off']),
  by: z.string().optional(),
  reason: z.string().optional(),
  since: z.string().optional(),
});

export const BREAKERS = {
  listBreakers: defineRoute({
    method: 'GET',
    path: '/api/v1/breakers',
    tag: 'breakers',
    summary: 'All circuit breakers, from Visibility.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'By name.', schema: z.object({ items: z.array(ListedBreakerSchema) }) } },
  }),
  getBreaker: defineRoute({
    method: 'GET',
    path: '/api/v1/breakers/{name}',
    tag: 'breakers',
    summary: 'One circuit breaker with its counts, settings and last changes.',
    access: 'viewer',
    changes: false,
    params: z.object({ name: NameSchema }),
    answers,
    problems: [404],
  }),
  openBreaker: defineRoute({
    ...change,
    path: '/api/v1/breakers/{name}/open',
    summary: 'Keep all calls away until it is reset.',
    access: 'admin',
    body: ReasonBody,
  }),
  closeBreaker: defineRoute({
    ...change,
    path: '/api/v1/breakers/{name}/close',
    summary: 'Let all calls through until it is reset.',
    access: 'operator',
    body: ForceCloseInputSchema.omit({ by: true }),
  }),
  resetBreaker: defineRoute({
    ...change,
    path: '/api/v1/breakers/{name}/reset',
    summary: 'Close it and forget its calls.',
    access: 'operator',
    body: ReasonBody,
    problems: [404],
  }),
  getAutomation: defineRoute({
    method: 'GET',
    path: '/api/v1/automation',
    tag: 'automation',
    summary: 'Whether plans may act by themselves.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'The switch.', schema: AutomationSchema } },
  }),
  setAutomation: defineRoute({
    method: 'PUT',
    path: '/api/v1/automation',
    tag: 'automation',
    summary: 'Off: no plan acts by itself and open recoveries pause. On: what the switch has paused goes on.',
    access: 'admin',
    changes: true,
    body: z.strictObject({ automation: z.enum(['on', 'off']), reason }),
    answers: {
      200: {
        description: 'The switch, and what became of the open recoveries.',
        schema: AutomationSchema.extend({
          changed: z.array(z.string()),
          refused: z.array(z.object({ workflowId: z.string(), reason: z.string() })),
        }),
      },
    },
  }),
};

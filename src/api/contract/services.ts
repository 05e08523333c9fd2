import { z } from 'zod';
import { BreakerSnapshotSchema } from '../../domain/breaker.schema.ts';
import { COARSE_STATES } from '../../domain/coarse-state.ts';
import { NameSchema, TargetSchema } from '../../domain/names.schema.ts';
import { ListedRecoverySchema } from '../../domain/recovery-list.schema.ts';
import { ListedBreakerSchema } from './breakers.ts';
import { StatisticsSchema } from './insight.ts';
import { IdempotencyHeaders, StartedRecoverySchema, StartRecoveryBody } from './recoveries.ts';
import { defineRoute } from './route.ts';
import { cursor, limit, pageOf, reason } from './shared.ts';

const tag = 'services';

const serviceRecovery = (path: string, summary: string) =>
  defineRoute({
    method: 'POST',
    path,
    tag,
    summary,
    access: 'admin',
    changes: true,
    body: z.strictObject({
      /** Such as `service/orders-db`. */
      target: TargetSchema,
      reason,
    }),
    answers: {
      200: { description: 'A recovery of the target was open.', schema: StartedRecoverySchema },
      202: { description: 'Started.', schema: StartedRecoverySchema },
    },
    problems: [409],
  });

/** The routes of requirement 8.4. */
export const SERVICES = {
  serviceStatus: defineRoute({
    method: 'GET',
    path: '/api/recovery/status',
    tag,
    summary: 'The state of recovery in five words, of one target or of all: the newest recovery decides.',
    access: 'viewer',
    changes: false,
    query: z.strictObject({ target: TargetSchema.optional() }),
    answers: {
      200: {
        description: 'The state.',
        schema: z.object({
          state: z.enum(COARSE_STATES),
          open: z.number().int(),
          latest: ListedRecoverySchema.nullable(),
          automation: z.enum(['on', 'off']),
        }),
      },
    },
  }),
  triggerRecovery: defineRoute({
    method: 'POST',
    path: '/api/recovery/trigger',
    tag,
    summary: 'The same as POST /api/v1/recoveries, for admins.',
    access: 'admin',
    changes: true,
    headers: IdempotencyHeaders,
    body: StartRecoveryBody,
    answers: {
      200: { description: 'The failure has joined the open recovery of the target.', schema: StartedRecoverySchema },
      202: { description: 'Started.', schema: StartedRecoverySchema },
    },
    problems: [409, 422],
  }),
  circuitBreakerStatus: defineRoute({
    method: 'GET',
    path: '/api/recovery/circuit-breaker/status',
    tag,
    summary: 'All circuit breakers, or one by name with its counts.',
    access: 'viewer',
    changes: false,
    query: z.strictObject({ name: NameSchema.optional() }),
    answers: {
      200: {
        description: 'The breakers.',
        schema: z.object({ items: z.array(ListedBreakerSchema), breaker: BreakerSnapshotSchema.nullable() }),
      },
    },
    problems: [404],
  }),
  circuitBreakerReset: defineRoute({
    method: 'POST',
    path: '/api/recovery/circuit-breaker/reset',
    tag,
    summary: 'Close a circuit breaker and forget its calls.',
    access: 'admin',
    changes: true,
    body: z.strictObject({ name: NameSchema, reason }),
    answers: { 200: { description: 'The breaker as it is now.', schema: BreakerSnapshotSchema } },
    problems: [404],
  }),
  clearCache: serviceRecovery(
    '/api/recovery/cache/clear',
    'Start a recovery of a cache with the playbook service-cache: look at it, clear what is damaged, fill it again.',
  ),
  reconnectDatabase: serviceRecovery(
    '/api/recovery/database/reconnect',
    'Start a recovery of a database with the playbook service-database: new connections, a look at the data.',
  ),
  serviceHistory: defineRoute({
    method: 'GET',
    path: '/api/recovery/history',
    tag,
    summary: 'Closed recoveries, newest first.',
    access: 'viewer',
    changes: false,
    query: z.strictObject({ target: TargetSchema.optional(), limit, cursor }),
    answers: { 200: { description: 'A page.', schema: pageOf(ListedRecoverySchema) } },
  }),
  serviceStatistics: defineRoute({
    method: 'GET',
    path: '/api/recovery/stats',
    tag,
    summary: 'The same as GET /api/v1/stats by playbook.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'Figures.', schema: StatisticsSchema } },
  }),
};

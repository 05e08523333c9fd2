import { z } from 'zod';
import { NameSchema } from '../../domain/names.schema.ts';
import { DegradeInputSchema, ListedServiceSchema, ServiceSnapshotSchema } from '../../domain/service.schema.ts';
import { defineRoute } from './route.ts';
import { ReasonBody } from './shared.ts';

const answers = { 200: { description: 'What clients are told now.', schema: ServiceSnapshotSchema } };
const one = { tag: 'services', params: z.object({ name: NameSchema }), answers } as const;

/** What the clients of services are told (requirement 4.6). */
export const SERVICE_STATES = {
  listServices: defineRoute({
    method: 'GET',
    path: '/api/v1/services',
    tag: 'services',
    summary: 'Services of which anything was ever said, from Visibility.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'By name.', schema: z.object({ items: z.array(ListedServiceSchema) }) } },
  }),
  getService: defineRoute({
    ...one,
    method: 'GET',
    path: '/api/v1/services/{name}',
    summary: 'One service: degraded or not, its rate, its share of the traffic, held operations, last changes.',
    access: 'viewer',
    changes: false,
    problems: [404],
  }),
  degradeService: defineRoute({
    ...one,
    method: 'POST',
    path: '/api/v1/services/{name}/degrade',
    summary: 'Tell clients to go on with less.',
    access: 'operator',
    changes: true,
    body: DegradeInputSchema.omit({ by: true }),
  }),
  restoreService: defineRoute({
    ...one,
    method: 'POST',
    path: '/api/v1/services/{name}/restore',
    summary: 'End every degradation and limit.',
    access: 'operator',
    changes: true,
    body: ReasonBody,
    problems: [404],
  }),
};

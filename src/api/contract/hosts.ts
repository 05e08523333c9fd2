import { z } from 'zod';
import { HostDetailsSchema, HostNameSchema, HostSchema } from '../../domain/host.schema.ts';
import { defineRoute } from './route.ts';
import { ReasonBody } from './shared.ts';

const params = z.object({ name: HostNameSchema });
const change = {
  method: 'POST',
  tag: 'hosts',
  changes: true,
  params,
  body: ReasonBody,
  answers: { 200: { description: 'The host as it is now.', schema: HostSchema } },
} as const;

/** Hosts that workers run on (requirement 6.4). */
export const HOSTS = {
  listHosts: defineRoute({
    method: 'GET',
    path: '/api/v1/hosts',
    tag: 'hosts',
    summary: 'All hosts: up or away, drained or failed over, version and capabilities.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'By name.', schema: z.object({ items: z.array(HostSchema) }) } },
  }),
  getHost: defineRoute({
    method: 'GET',
    path: '/api/v1/hosts/{name}',
    tag: 'hosts',
    summary: 'One host, and whose checkpoints it has.',
    access: 'viewer',
    changes: false,
    params,
    answers: { 200: { description: 'The host as it is now.', schema: HostDetailsSchema } },
    problems: [404],
  }),
  drainHost: defineRoute({
    ...change,
    path: '/api/v1/hosts/{name}/drain',
    summary: 'Begin no new work on it; what runs ends.',
    access: 'operator',
    problems: [404],
  }),
  undrainHost: defineRoute({
    ...change,
    path: '/api/v1/hosts/{name}/undrain',
    summary: 'Have it take work again, also after another host has taken over.',
    access: 'operator',
    problems: [404],
  }),
  forgetHost: defineRoute({
    ...change,
    path: '/api/v1/hosts/{name}/forget',
    summary: 'Take a host that is gone for good out of the list; ledgers stay.',
    access: 'admin',
    problems: [404, 409],
  }),
};

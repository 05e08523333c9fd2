import { z } from 'zod';
import {
  CheckNowSchema,
  ListedMonitorSchema,
  MonitorHealthSchema,
  MonitorSchema,
  ResetTargetSchema,
} from '../../domain/monitor.schema.ts';
import { NameSchema, TargetSchema } from '../../domain/names.schema.ts';
import { defineRoute } from './route.ts';
import { reason, ReasonBody } from './shared.ts';

const answers = { 200: { description: 'The monitor as it is now.', schema: MonitorHealthSchema } };
const change = {
  method: 'POST',
  tag: 'monitors',
  access: 'operator',
  changes: true,
  params: z.object({ name: NameSchema }),
  answers,
  problems: [404],
} as const;

const MaintenanceBody = z.strictObject({
  reason,
  mode: z.enum(['on', 'off']),
  until: z.iso.datetime({ offset: true }).optional().describe('When it ends; needed for `on`.'),
  target: TargetSchema.optional(),
});

export const MONITORS = {
  listMonitors: defineRoute({
    method: 'GET',
    path: '/api/v1/monitors',
    tag: 'monitors',
    summary: 'All running monitors, from Visibility.',
    access: 'viewer',
    changes: false,
    answers: { 200: { description: 'By name.', schema: z.object({ items: z.array(ListedMonitorSchema) }) } },
  }),
  getMonitor: defineRoute({
    method: 'GET',
    path: '/api/v1/monitors/{name}',
    tag: 'monitors',
    summary: 'One monitor with its targets, checks, readings and recoveries.',
    access: 'viewer',
    changes: false,
    params: z.object({ name: NameSchema }),
    answers,
    problems: [404],
  }),
  startMonitor: defineRoute({
    method: 'POST',
    path: '/api/v1/monitors',
    tag: 'monitors',
    summary: 'Start a monitor, or give the running one of that name a new definition.',
    // Its probes may run commands on a host.
    access: 'admin',
    changes: true,
    body: z.strictObject({ reason, definition: MonitorSchema }),
    answers,
  }),
  stopMonitor: defineRoute({
    ...change,
    path: '/api/v1/monitors/{name}/stop',
    summary: 'End it; open recoveries go on.',
    body: ReasonBody,
  }),
  setMaintenance: defineRoute({
    ...change,
    path: '/api/v1/monitors/{name}/maintenance',
    summary: 'Start no recovery for a while, or again.',
    body: MaintenanceBody,
  }),
  resetMonitorTarget: defineRoute({
    ...change,
    path: '/api/v1/monitors/{name}/reset',
    summary: 'Forget the starts and the escalation of a target.',
    body: ResetTargetSchema.omit({ by: true }),
  }),
  checkMonitor: defineRoute({
    ...change,
    path: '/api/v1/monitors/{name}/check',
    summary: 'Look at once.',
    body: CheckNowSchema.omit({ by: true }),
  }),
};

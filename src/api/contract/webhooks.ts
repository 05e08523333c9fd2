import { z } from 'zod';
import { ALERT_SOURCES } from '../../domain/alert.schema.ts';
import { defineRoute } from './route.ts';

const tag = 'webhooks';

const texts = z.record(z.string().max(300), z.string().max(10_000));
const time = z.iso.datetime({ offset: true });
const MOST_ALERTS = 500;

/** What Alertmanager sends, version 4; what is not named here is left out. */
export const AlertmanagerBody = z.object({
  version: z.literal('4'),
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels: texts,
        annotations: texts.default({}),
        startsAt: time,
        generatorURL: z.string().max(4000).optional(),
        fingerprint: z.string().min(1).max(200),
      }),
    )
    .max(MOST_ALERTS),
});

/** What PagerDuty sends, version 3. */
export const PagerDutyBody = z.object({
  event: z.object({
    id: z.string().min(1).max(200),
    event_type: z.string().min(1).max(200),
    occurred_at: time,
    data: z.object({
      id: z.string().max(200).optional(),
      type: z.string().max(200).optional(),
      title: z.string().max(10_000).optional(),
      status: z.string().max(200).optional(),
      urgency: z.string().max(200).optional(),
      html_url: z.string().max(4000).nullish(),
      created_at: time.optional(),
      incident_key: z.string().max(1000).nullish(),
      service: z.object({ id: z.string().max(200), summary: z.string().max(1000).nullish() }).nullish(),
      priority: z.object({ summary: z.string().max(200).nullish() }).nullish(),
    }),
  }),
});

/** What senders of events for PagerDuty send, Events API version 2; what is not named here is left out. */
export const PagerDutyEventBody = z
  .object({
    routing_key: z.string().min(1).max(300).describe('Proves who sends it.'),
    event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
    dedup_key: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Equal for the same alert at every repeat. Default: made of what the alert says.'),
    client: z.string().max(1000).optional(),
    client_url: z.string().max(4000).optional(),
    payload: z
      .object({
        summary: z.string().min(1).max(1024),
        source: z.string().min(1).max(1000),
        severity: z.enum(['critical', 'error', 'warning', 'info']),
        timestamp: z.string().max(100).optional(),
        component: z.string().max(1000).optional(),
        group: z.string().max(1000).optional(),
        class: z.string().max(1000).optional(),
        custom_details: z.unknown().optional(),
      })
      .optional(),
  })
  .refine(({ event_action, payload }) => event_action !== 'trigger' || payload !== undefined, {
    message: 'a trigger needs a payload',
    path: ['payload'],
  })
  .refine(({ event_action, dedup_key }) => event_action === 'trigger' || dedup_key !== undefined, {
    message: 'needs the dedup_key of a trigger',
    path: ['dedup_key'],
  });

/** Any other sender: one alert, or several. */
export const GenericBody = z.strictObject({
  alerts: z
    .array(
      z.strictObject({
        id: z.string().min(1).max(200).describe('Equal for the same alert at every repeat.'),
        status: z.enum(['firing', 'resolved']),
        labels: texts.default({}),
        annotations: texts.default({}),
        startsAt: time,
        url: z.string().max(4000).optional(),
      }),
    )
    .min(1)
    .max(MOST_ALERTS),
});

export const ALERT_OUTCOMES = ['started', 'joined', 'repeated', 'ignored', 'silenced', 'resolved'] as const;

const AlertResultSchema = z.object({
  fingerprint: z.string(),
  outcome: z.enum(ALERT_OUTCOMES),
  rule: z.string().optional(),
  workflowId: z.string().optional(),
  why: z.string().optional().describe('What became of it, in words.'),
});

export type AlertResult = z.output<typeof AlertResultSchema>;

const AlertsAnswerSchema = z.object({ results: z.array(AlertResultSchema) });

/** As PagerDuty answers, and what became of it. */
const EventAnswerSchema = AlertsAnswerSchema.extend({
  status: z.literal('success'),
  message: z.string(),
  dedup_key: z.string(),
});

const alerts = <Body extends z.ZodType, Access extends 'operator' | 'signed', Answer extends z.ZodType>(
  source: (typeof ALERT_SOURCES)[number],
  { summary, access, body, answer }: { summary: string; access: Access; body: Body; answer: Answer },
) =>
  defineRoute({
    method: 'POST',
    path: `/api/v1/webhooks/${source}`,
    tag,
    summary,
    access,
    changes: true,
    body,
    answers: { 202: { description: 'Taken; each alert with what became of it.', schema: answer } },
    problems: [401, 504],
  });

export const WEBHOOKS = {
  alertmanagerAlerts: alerts('alertmanager', {
    summary: 'Alerts of Prometheus Alertmanager. It sends a token as its `authorization.credentials`.',
    access: 'operator',
    body: AlertmanagerBody,
    answer: AlertsAnswerSchema,
  }),
  pagerDutyEvents: alerts('pagerduty', {
    summary: 'Events of a PagerDuty webhook, signed in `X-PagerDuty-Signature`.',
    access: 'signed',
    body: PagerDutyBody,
    answer: AlertsAnswerSchema,
  }),
  pagerDutyTriggers: alerts('pagerduty-events', {
    summary: 'What would be sent to the Events API of PagerDuty, version 2, with the routing key of a source.',
    access: 'signed',
    body: PagerDutyEventBody,
    answer: EventAnswerSchema,
  }),
  genericAlerts: alerts('generic', {
    summary: 'Alerts of any other sender, signed in `X-Rerail-Signature: t=<seconds>,v1=<hex>`.',
    access: 'signed',
    body: GenericBody,
    answer: AlertsAnswerSchema,
  }),
  alertCounts: defineRoute({
    method: 'GET',
    path: '/api/v1/webhooks',
    tag,
    summary: 'What has become of the alerts that this process got, and which silences are active.',
    access: 'viewer',
    changes: false,
    answers: {
      200: {
        description: 'Counts since the start of the process.',
        schema: z.object({
          configured: z.boolean(),
          since: z.string(),
          counts: z.array(
            z.object({ source: z.enum(ALERT_SOURCES), outcome: z.enum(ALERT_OUTCOMES), count: z.number().int() }),
          ),
          silences: z.array(z.object({ name: z.string(), reason: z.string() })),
        }),
      },
    },
  }),
};

import { z } from 'zod';
import { SEVERITIES } from './failure.ts';
import { NameSchema } from './names.schema.ts';
import { NOTIFICATION_EVENTS, ROUTE_EVENTS } from './notification.ts';

const SecretReference = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:\/.+)$/,
    'must be env:NAME or file:/path: the secret itself does not belong here',
  );

const HttpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https address' });

/** In whose name the links of a channel's messages answer: for channels that one person reads. */
const ApproverSchema = z.strictObject({
  /** As approvals name the person. */
  name: z.string().trim().min(1).max(200),
  roles: z.array(z.string().min(1).max(100)).max(20).default([]),
});

const common = { name: NameSchema, approver: ApproverSchema.optional() };

const SlackChannelSchema = z.strictObject({ ...common, type: z.literal('slack'), urlFrom: SecretReference });

const PagerDutyChannelSchema = z.strictObject({
  name: NameSchema,
  type: z.literal('pagerduty'),
  routingKeyFrom: SecretReference,
  url: HttpUrl.default('https://events.pagerduty.com/v2/enqueue'),
});

const SmtpSchema = z
  .strictObject({
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(587),
    /** `starttls` is asked for and not only offered; `none` is for a relay on this machine. */
    tls: z.enum(['starttls', 'tls', 'none']).default('starttls'),
    caFile: z.string().min(1).optional(),
    user: z.string().min(1).optional(),
    passwordFrom: SecretReference.optional(),
  })
  .refine(({ user, passwordFrom }) => (user === undefined) === (passwordFrom === undefined), {
    message: 'must come together with passwordFrom',
    path: ['user'],
  })
  .refine(({ tls, user }) => tls !== 'none' || user === undefined, {
    message: 'a password is not sent without TLS: take starttls or tls',
    path: ['tls'],
  });

const EmailChannelSchema = z.strictObject({
  ...common,
  type: z.literal('email'),
  smtp: SmtpSchema,
  from: z.string().min(3),
  to: z
    .array(z.string().regex(/^[^\s,]+@[^\s,]+$/, 'must be an address'))
    .min(1)
    .max(50),
});

const WebhookChannelSchema = z
  .strictObject({
    ...common,
    type: z.literal('webhook'),
    url: HttpUrl.optional(),
    urlFrom: SecretReference.optional(),
    /** Signs what is sent. */
    secretFrom: SecretReference,
  })
  .refine(({ url, urlFrom }) => (url === undefined) !== (urlFrom === undefined), {
    message: 'give url or urlFrom, and not both',
    path: ['url'],
  });

const ConsoleChannelSchema = z.strictObject({ name: NameSchema, type: z.literal('console') });

export const ChannelSchema = z.discriminatedUnion('type', [
  SlackChannelSchema,
  PagerDutyChannelSchema,
  EmailChannelSchema,
  WebhookChannelSchema,
  ConsoleChannelSchema,
]);

const RouteSchema = z.strictObject({
  /** Absent: all. */
  events: z.array(z.enum(ROUTE_EVENTS)).min(1).optional(),
  severity: z.array(z.enum(SEVERITIES)).min(1).optional(),
  /** Targets, `*` for any characters. */
  targets: z.array(z.string().min(1)).min(1).optional(),
  /** Whom an escalation calls: the names in `to` of a playbook's action `escalate`. */
  to: z.array(z.string().min(1)).min(1).optional(),
  channels: z.array(NameSchema).min(1),
});

/** A definition file: whom to tell what. */
export const NotificationsSchema = z.strictObject({
  apiVersion: z.literal('rerail/v1'),
  kind: z.literal('Notifications'),
  metadata: z.strictObject({ name: NameSchema }).optional(),
  spec: z
    .strictObject({
      channels: z.array(ChannelSchema).min(1).max(100),
      routes: z.array(RouteSchema).min(1).max(200),
    })
    .superRefine(({ channels, routes }, context) => {
      const names = channels.map(({ name }) => name);
      names.forEach((name, index) => {
        if (names.indexOf(name) === index) return;
        context.addIssue({ code: 'custom', message: `the name "${name}" is taken`, path: ['channels', index, 'name'] });
      });
      routes.forEach((route, at) =>
        route.channels.forEach((name, index) => {
          if (names.includes(name)) return;
          const message = `there is no channel "${name}": ${names.join(', ')}`;
          context.addIssue({ code: 'custom', message, path: ['routes', at, 'channels', index] });
        }),
      );
    }),
});

/** Something that people may want to be told of; what a notification is about. */
export const OccurrenceSchema = z.object({
  event: z.enum(NOTIFICATION_EVENTS),
  /** Tells it from all others: each channel gets it once for each key. */
  key: z.string(),
  at: z.string(),
  workflowId: z.string().optional(),
  runId: z.string().optional(),
  target: z.string().optional(),
  severity: z.string().optional(),
  playbook: z.string().optional(),
  /** As the search attribute has it: `approval`, `decision:<action>`. */
  waitingFor: z.string().optional(),
  /** Whom an escalation calls. */
  to: z.array(z.string()).optional(),
  detail: z.string().optional(),
});

export type Channel = z.infer<typeof ChannelSchema>;
export type SlackChannel = z.infer<typeof SlackChannelSchema>;
export type PagerDutyChannel = z.infer<typeof PagerDutyChannelSchema>;
export type EmailChannel = z.infer<typeof EmailChannelSchema>;
export type WebhookChannel = z.infer<typeof WebhookChannelSchema>;
export type Approver = z.infer<typeof ApproverSchema>;
export type NotificationRules = z.infer<typeof NotificationsSchema>['spec'];
export type Occurrence = z.infer<typeof OccurrenceSchema>;

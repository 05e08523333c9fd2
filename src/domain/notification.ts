import type { Channel, NotificationRules, Occurrence } from './notification.schema.ts';
import { fitsWildcard } from './wildcard.ts';
export type {
  Approver,
  Channel,
  EmailChannel,
  NotificationRules,
  Occurrence,
  PagerDutyChannel,
  SlackChannel,
  WebhookChannel,
} from './notification.schema.ts';

/** What people can be told of. */
export const NOTIFICATION_EVENTS = [
  'recovery.started',
  'approval.requested',
  'approval.answered',
  'operator.needed',
  'operator.answered',
  'help.called',
  'recovery.recovered',
  'recovery.partial',
  'recovery.failed',
  'recovery.escalated',
  'recovery.cancelled',
  'recovery.killed',
  'automation.off',
  'automation.on',
  'drill.regression',
] as const;
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

/** In routes also: every end of a recovery. */
export const ROUTE_EVENTS = [...NOTIFICATION_EVENTS, 'recovery.closed'] as const;

const CLOSINGS: readonly NotificationEvent[] = [
  'recovery.recovered',
  'recovery.partial',
  'recovery.failed',
  'recovery.escalated',
  'recovery.cancelled',
  'recovery.killed',
];

export const isClosing = (event: NotificationEvent): boolean => CLOSINGS.includes(event);

/** What an incident service is told: to wake somebody, that somebody is at it, or that it is over. */
export type IncidentStep = 'trigger' | 'acknowledge' | 'resolve';

const STEPS: Record<NotificationEvent, IncidentStep | undefined> = {
  'recovery.started': undefined,
  'approval.requested': 'trigger',
  'approval.answered': 'acknowledge',
  'operator.needed': 'trigger',
  'operator.answered': 'acknowledge',
  'help.called': 'trigger',
  'recovery.recovered': 'resolve',
  'recovery.partial': 'resolve',
  'recovery.failed': 'trigger',
  'recovery.escalated': 'trigger',
  'recovery.cancelled': 'resolve',
  'recovery.killed': 'trigger',
  'automation.off': 'trigger',
  'automation.on': 'resolve',
  'drill.regression': 'trigger',
};

export const incidentStep = (event: NotificationEvent): IncidentStep | undefined => STEPS[event];

type Route = NotificationRules['routes'][number];

function fitsEvent({ events }: Route, { event }: Occurrence, { type }: Channel): boolean {
  if (events === undefined) return true;
  if (events.includes(event) || (isClosing(event) && events.includes('recovery.closed'))) return true;
  // What opens an incident also ends it, without a line of its own.
  const step = incidentStep(event);
  if (type !== 'pagerduty' || step === undefined || step === 'trigger') return false;
  return events.some((routed) => routed === 'recovery.closed' || incidentStep(routed) === 'trigger');
}

function fits(route: Route, occurrence: Occurrence): boolean {
  const { severity, targets, to } = route;
  const { target, severity: given, to: called = [] } = occurrence;
  // Before there is a plan nobody knows how bad it is; automation has neither severity nor target.
  if (severity !== undefined && given !== undefined && !severity.some((one) => one === given)) return false;
  if (targets !== undefined && target !== undefined && !targets.some((one) => fitsWildcard(one, target))) return false;
  return to === undefined || called.some((name) => to.includes(name));
}

/** The channels that an occurrence goes to, each once, in the order of the file. */
export function channelsFor({ channels, routes }: NotificationRules, occurrence: Occurrence): Channel[] {
  return channels.filter((channel) =>
    routes.some(
      (route) =>
        route.channels.includes(channel.name) && fits(route, occurrence) && fitsEvent(route, occurrence, channel),
    ),
  );
}

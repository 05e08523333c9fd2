import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import type { AlertmanagerBody, GenericBody, PagerDutyBody, PagerDutyEventBody } from '../contract/webhooks.ts';

/** What their senders call alerts, in the one form that rules read. Pure. */
export const readAlertmanager = ({ alerts }: z.output<typeof AlertmanagerBody>, sender: string): Alert[] =>
  alerts.map(({ generatorURL, ...alert }) => ({ ...alert, source: 'alertmanager', sender, url: generatorURL }));

export const readGeneric = ({ alerts }: z.output<typeof GenericBody>, sender: string): Alert[] =>
  alerts.map(({ id, ...alert }) => ({ ...alert, source: 'generic', sender, fingerprint: id }));

const STATUS_OF_EVENT: Record<string, Alert['status']> = {
  'incident.triggered': 'firing',
  'incident.reopened': 'firing',
  'incident.resolved': 'resolved',
};

const present = (given: Record<string, string | null | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));

/**
 * An incident that has begun or ended; of everything else that happens to one nothing follows. One that is opened again keeps
 * its id and its begin: it is another alert by the time of the event. So is each end of it.
 */
export function readPagerDuty({ event }: z.output<typeof PagerDutyBody>, sender: string): Alert[] {
  const { event_type: type, occurred_at: at, data } = event;
  const status = STATUS_OF_EVENT[type];
  if (status === undefined || data.id === undefined) return [];
  const { id, title, urgency, html_url: url, service, priority, incident_key: key } = data;
  return [
    {
      source: 'pagerduty',
      sender,
      fingerprint: id,
      status,
      labels: present({
        alertname: title,
        urgency,
        priority: priority?.summary,
        service: service?.summary,
        serviceId: service?.id,
        incidentKey: key,
      }),
      annotations: present({ summary: title }),
      startsAt: (type === 'incident.triggered' ? data.created_at : undefined) ?? at,
      ...(url ? { url } : {}),
    },
  ];
}

type PagerDutyEvent = z.output<typeof PagerDutyEventBody>;

/** What the same alert is called at every repeat, where its sender has no name for it. */
const dedupKeyOf = ({ dedup_key: given, payload }: PagerDutyEvent): string => {
  const { source, component, group, class: kind, summary } = payload ?? {};
  const told = JSON.stringify([source, component, group, kind, summary]);
  return given ?? createHash('sha256').update(told).digest('hex').slice(0, 32);
};

/** The texts and numbers of details of any form. */
function flatDetails(details: unknown): Record<string, string> {
  if (typeof details !== 'object' || details === null) return {};
  const plain = Object.entries(details).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  return Object.fromEntries(plain.slice(0, 50).map(([name, value]) => [name, String(value).slice(0, 10_000)]));
}

/** An event that triggers or resolves; nothing follows of one that somebody has acknowledged. */
export function readPagerDutyEvent(event: PagerDutyEvent, sender: string, now: Date) {
  const { event_action: action, client, client_url: url, payload } = event;
  const fingerprint = dedupKeyOf(event);
  const {
    summary,
    source,
    severity,
    component,
    group,
    class: kind,
    timestamp,
    custom_details: details,
  } = payload ?? {};
  const began = new Date(timestamp ?? now);
  const alert: Alert = {
    source: 'pagerduty-events',
    sender,
    fingerprint,
    status: action === 'resolve' ? 'resolved' : 'firing',
    labels: present({ alertname: kind ?? summary, source, severity, component, group, class: kind, client }),
    annotations: { ...flatDetails(details), ...present({ summary }) },
    startsAt: (Number.isNaN(began.getTime()) ? now : began).toISOString(),
    ...(url === undefined ? {} : { url }),
  };
  return { fingerprint, alerts: action === 'acknowledge' ? [] : [alert] };
}

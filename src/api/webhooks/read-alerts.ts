import type { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import type { AlertmanagerBody, GenericBody, PagerDutyBody } from '../contract/webhooks.ts';

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

/** An incident that has begun or ended; of everything else that happens to one nothing follows. */
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
      startsAt: data.created_at ?? at,
      ...(url ? { url } : {}),
    },
  ];
}

import { createHash } from 'node:crypto';
import { incidentStep, type Occurrence, type PagerDutyChannel } from '../../../domain/notification.ts';
import { readSecret } from '../../../process/read-secret.ts';
import type { Message } from '../message.ts';
import { postJson } from './post-json.ts';

const LONGEST_KEY = 255;

/** Equal for all that is said about one recovery: one incident. */
export function dedupKey({ workflowId, runId }: Occurrence): string {
  const key = workflowId === undefined ? 'rerail/automation' : `${workflowId}/${runId ?? ''}`;
  return key.length <= LONGEST_KEY ? key : createHash('sha256').update(key).digest('hex');
}

const SEVERITIES: Record<string, string> = { CRITICAL: 'critical', HIGH: 'error', MEDIUM: 'warning', LOW: 'info' };

export function pagerDutyBody(message: Message, routingKey: string) {
  const { occurrence, title, facts, commands, links, at } = message;
  const step = incidentStep(occurrence.event) ?? 'trigger';
  const common = { routing_key: routingKey, event_action: step, dedup_key: dedupKey(occurrence) };
  if (step !== 'trigger') return common;
  return {
    ...common,
    payload: {
      summary: title.slice(0, 1024),
      source: occurrence.target ?? 'rerail',
      severity: SEVERITIES[occurrence.severity ?? ''] ?? 'error',
      timestamp: at,
      class: occurrence.event,
      custom_details: {
        ...Object.fromEntries(facts.map(({ label, value }) => [label, value])),
        ...(commands.length > 0 ? { 'Answer with': commands.join('\n') } : {}),
      },
    },
    links: links.map(({ label, url }) => ({ href: url, text: label })),
    client: 'Rerail',
  };
}

/** PagerDuty takes the same event twice for one, by its dedup key. */
export async function sendPagerDuty({ url, routingKeyFrom }: PagerDutyChannel, message: Message): Promise<void> {
  const routingKey = await readSecret(routingKeyFrom);
  await postJson({ url, body: JSON.stringify(pagerDutyBody(message, routingKey)) });
}

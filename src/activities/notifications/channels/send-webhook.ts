import { signBody } from '../../../config/body-signature.ts';
import type { WebhookChannel } from '../../../domain/notification.ts';
import { readSecret } from '../../../process/read-secret.ts';
import type { Message } from '../message.ts';
import { postJson } from './post-json.ts';

/** The same message has the same `Idempotency-Key` each time it is tried; whoever receives it can take it once. */
export async function sendWebhook({ url, urlFrom, secretFrom }: WebhookChannel, message: Message): Promise<void> {
  const [secret, address] = await Promise.all([readSecret(secretFrom), url ?? readSecret(urlFrom ?? '')]);
  const { event, key, at, title, facts, commands, links, occurrence } = message;
  const body = JSON.stringify({ version: 1, event, key, at, title, facts, commands, links, occurrence });
  await postJson({
    url: address,
    body,
    headers: {
      'idempotency-key': `${event}/${key}`,
      'x-rerail-event': event,
      'x-rerail-signature': signBody(secret, body, new Date()),
    },
  });
}

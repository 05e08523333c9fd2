import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** Whether one of the signatures in `X-PagerDuty-Signature` is of this secret; there are two while a secret is replaced. */
export function isPagerDutySignature(header: string | undefined, body: Buffer, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest();
  return (header ?? '')
    .slice(0, 2000)
    .split(',')
    .map((part) => /^v1=([0-9a-f]{64})$/.exec(part.trim())?.[1])
    .some((hex) => hex !== undefined && timingSafeEqual(Buffer.from(hex, 'hex'), expected));
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether an event, of the Events API, names this key. */
export function isRoutingKey(body: Buffer, key: string): boolean {
  try {
    const { routing_key: given } = JSON.parse(body.toString('utf8')) as { routing_key?: unknown };
    return typeof given === 'string' && timingSafeEqual(digestOf(given), digestOf(key));
  } catch {
    // What is no JSON names nothing.
    return false;
  }
}

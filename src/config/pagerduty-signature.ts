import { createHmac, timingSafeEqual } from 'node:crypto';

/** Whether one of the signatures in `X-PagerDuty-Signature` is of this secret; there are two while a secret is replaced. */
export function isPagerDutySignature(header: string | undefined, body: Buffer, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(body).digest();
  return (header ?? '')
    .slice(0, 2000)
    .split(',')
    .map((part) => /^v1=([0-9a-f]{64})$/.exec(part.trim())?.[1])
    .some((hex) => hex !== undefined && timingSafeEqual(Buffer.from(hex, 'hex'), expected));
}

import { createHmac, timingSafeEqual } from 'node:crypto';

const mac = (secret: string, seconds: string, body: string | Buffer): Buffer =>
  createHmac('sha256', secret).update(`${seconds}.`).update(body).digest();

/** Value of the header `X-Rerail-Signature`: HMAC-SHA256 over `<seconds>.<body>`, so that a time cannot be changed alone. */
export function signBody(secret: string, body: string, now: Date): string {
  const seconds = String(Math.floor(now.getTime() / 1000));
  return `t=${seconds},v1=${mac(secret, seconds, body).toString('hex')}`;
}

const TOLERANCE_S = 300;

/** Why a signed body does not count, or undefined. */
export function bodyRefusal(
  { header, body, secret }: { header: string | undefined; body: Buffer; secret: string },
  now: Date,
): string | undefined {
  const [, seconds = '', hex = ''] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header ?? '') ?? [];
  if (seconds === '') return 'the header X-Rerail-Signature is missing or not of the form t=<seconds>,v1=<hex>';
  if (!timingSafeEqual(Buffer.from(hex, 'hex'), mac(secret, seconds, body))) return 'the signature does not fit';
  const off = Math.abs(now.getTime() / 1000 - Number(seconds));
  return off > TOLERANCE_S ? 'the signature is older than five minutes, or from the future' : undefined;
}

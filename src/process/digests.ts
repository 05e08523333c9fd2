import { createHash, createHmac } from 'node:crypto';

/** In hexadecimal digits. */
export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** What plans, approvals and receipts are signed and checked with: pure code has it handed in. */
export const DIGESTS = {
  sha256,
  hmacSha256: (key: string, text: string): string => createHmac('sha256', key).update(text).digest('hex'),
};

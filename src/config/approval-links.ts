import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { readApprovalKeys } from './approval-keys.ts';

/** What a link may do: one verdict on one plan of one wait of one recovery, in one person's name. */
const LinkClaimsSchema = z.strictObject({
  workflowId: z.string(),
  runId: z.string(),
  planHash: z.string(),
  /** Absent: the plan as a whole. */
  actionId: z.string().optional(),
  /** When the wait began that the link answers: a later one needs another link. */
  since: z.string(),
  verdict: z.enum(['approved', 'denied']),
  by: z.string(),
  roles: z.array(z.string()),
  expiresAt: z.number().int(),
  id: z.string(),
});

export type LinkClaims = z.infer<typeof LinkClaimsSchema>;

const FORM_GOOD_FOR_MS = 15 * 60_000;

/** A key of its own: what is good in a link is good nowhere else, and the other way round. */
const macOf = (key: string, purpose: 'link' | 'form', text: string): Buffer =>
  createHmac('sha256', createHmac('sha256', key).update(`rerail approval ${purpose}`).digest())
    .update(text)
    .digest();

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Makes the last part of a link. Throws `settings-invalid` where the keys cannot be read. */
export async function signLink(claims: Omit<LinkClaims, 'id'>, keysFile: string): Promise<string> {
  const [key = ''] = await readApprovalKeys(keysFile);
  const body = Buffer.from(JSON.stringify({ ...claims, id: randomBytes(9).toString('base64url') })).toString(
    'base64url',
  );
  return `${body}.${macOf(key, 'link', body).toString('base64url')}`;
}

const TOKEN = /^([A-Za-z0-9_-]{20,4000})\.([A-Za-z0-9_-]{43})$/;

/** What the link says, or undefined for one that was not made here. Whether it has expired is for the caller to say. */
export async function readLink(token: string, keysFile: string): Promise<LinkClaims | undefined> {
  const [, body = '', mac = ''] = TOKEN.exec(token) ?? [];
  if (body === '') return undefined;
  const given = Buffer.from(mac, 'base64url');
  const keys = await readApprovalKeys(keysFile);
  if (!keys.some((key) => same(macOf(key, 'link', body), given))) return undefined;
  const parsed = LinkClaimsSchema.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
  return parsed.success ? parsed.data : undefined;
}

const formText = (token: string, stateHash: string, at: string): string => JSON.stringify([token, stateHash, at]);

/** Proves that a form was shown by this server, for this link, with this state of the target. */
export async function signForm(token: string, stateHash: string, keysFile: string, now: Date): Promise<string> {
  const [key = ''] = await readApprovalKeys(keysFile);
  const at = String(now.getTime());
  return `${at}.${macOf(key, 'form', formText(token, stateHash, at)).toString('base64url')}`;
}

/** Why a form does not count, or undefined. */
export async function formRefusal(
  { token, stateHash, form }: { token: string; stateHash: string; form: string },
  keysFile: string,
  now: Date,
): Promise<string | undefined> {
  const [, at = '', mac = ''] = /^(\d{13})\.([A-Za-z0-9_-]{43})$/.exec(form) ?? [];
  const given = Buffer.from(mac, 'base64url');
  const keys = at === '' ? [] : await readApprovalKeys(keysFile);
  if (!keys.some((key) => same(macOf(key, 'form', formText(token, stateHash, at)), given))) {
    return 'the form does not come from this server';
  }
  return now.getTime() - Number(at) > FORM_GOOD_FOR_MS ? 'the form was opened too long ago' : undefined;
}

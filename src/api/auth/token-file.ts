import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { readYaml } from '../../config/parse-yaml.ts';
import { RerailError } from '../../domain/errors.ts';
import { ROLES } from '../contract/route.ts';
import { createActor, isActorName, type Actor } from './actor.ts';

const TokenEntrySchema = z.strictObject({
  name: z.string().refine(isActorName, 'must be 1 to 200 visible characters'),
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits'),
  roles: z.array(z.enum(ROLES)).min(1),
  teams: z.array(z.string().min(1).max(100)).max(20).default([]),
});

/** One entry of the file of tokens. */
export type TokenEntry = z.input<typeof TokenEntrySchema>;

const TokenFileSchema = z.array(TokenEntrySchema);

const PREFIX = 'rrl_';
const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

/** A new token, which is not kept anywhere, and its entry for the file. */
export function createToken(given: Omit<TokenEntry, 'hash'>): { token: string; entry: TokenEntry } {
  const token = PREFIX + randomBytes(32).toString('base64url');
  const checked = TokenEntrySchema.safeParse({ ...given, hash: `sha256:${digest(token).toString('hex')}` });
  if (!checked.success) {
    const problems = checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new RerailError('invalid-input', `the token is not valid: ${problems.join('; ')}`, {
      remedy: 'Correct the named fields.',
      nonRetryable: true,
    });
  }
  const { teams, ...entry } = checked.data;
  return { token, entry: { ...entry, ...(teams.length > 0 ? { teams } : {}) } };
}

async function read(file: string) {
  const documents = await readYaml(file, 'settings-invalid');
  const parsed = TokenFileSchema.safeParse(documents[0]?.value ?? []);
  if (parsed.success) return parsed.data.map((entry) => ({ ...entry, bytes: Buffer.from(entry.hash.slice(7), 'hex') }));
  const problems = parsed.error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`);
  throw new RerailError('settings-invalid', `${file} is not a file of tokens: ${problems.join('; ')}`, {
    remedy: 'Write a list of {name, hash, roles}; `rerail token create` prints an entry.',
    nonRetryable: true,
  });
}

/**
 * Static tokens from a file, which is read again when it has changed. While it cannot be read nobody gets in: throws
 * `settings-invalid` then. Undefined for a token that is not in it.
 */
export function createTokenFile(file: string) {
  let known: { stamp: string; entries: Awaited<ReturnType<typeof read>> } | undefined;
  const entriesNow = async () => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    const stamp = found ? `${found.ino}/${found.size}/${found.mtimeNs}` : 'none';
    if (known?.stamp !== stamp) known = { stamp, entries: await read(file) };
    return known.entries;
  };
  return {
    check: async (): Promise<void> => {
      await entriesNow();
    },
    async find(token: string): Promise<Actor | undefined> {
      const given = digest(token);
      // All of them, so that the time does not tell which.
      const fitting = (await entriesNow()).filter(({ bytes }) => timingSafeEqual(bytes, given));
      const [entry] = fitting;
      return entry && createActor(entry.name, { roles: entry.roles, teams: entry.teams, via: 'token' });
    },
  };
}

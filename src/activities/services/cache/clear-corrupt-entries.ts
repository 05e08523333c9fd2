import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { toMs } from '../../../domain/duration.ts';
import type { CacheService } from '../../../domain/service.schema.ts';
import { awaitCache, keysBelow, withCache } from '../open-redis.ts';
import { refused, shorten } from '../service-context.ts';
import { findDamaged, problemOf, type Damaged } from './read-entries.ts';

export interface ClearedEntries {
  looked: number;
  removed: number;
  /** The first of them. */
  entries: Damaged[];
  /** Written anew by somebody meanwhile, and left alone. */
  changed: number;
}

/** Where a recovery keeps what it has removed: apart from all prefixes of users. */
const asideOf = (execution: string): string =>
  `rerail:aside:${createHash('sha256').update(execution).digest('hex').slice(0, 16)}:`;

/**
 * Only when it is still as it was judged. The name says whether it expires by itself; what would not, does so when nobody wants
 * it back.
 */
const SET_ASIDE = `
  if redis.call('DUMP', KEYS[1]) ~= ARGV[1] then return 0 end
  local ttl = redis.call('PTTL', KEYS[1])
  if ttl < 0 then
    redis.call('RENAME', KEYS[1], KEYS[2])
    redis.call('PEXPIRE', KEYS[2], ARGV[2])
  else
    redis.call('RENAME', KEYS[1], KEYS[3])
  end
  return 1`;

const PUT_BACK = `
  if redis.call('RENAMENX', KEYS[1], KEYS[2]) == 0 then return 0 end
  if ARGV[1] == 'forever' then redis.call('PERSIST', KEYS[2]) end
  return 1`;

async function setAside(client: Redis, key: string, aside: string, spec: CacheService): Promise<boolean> {
  const dump = await client.dumpBuffer(key);
  // Judged once more with what is compared below: it may have been mended since.
  const problem = await problemOf(client, spec.entries, key);
  if ((dump as Buffer | null) === null || problem === undefined) return false;
  const names = [key, `${aside}forever:${key}`, `${aside}expires:${key}`];
  return (await client.eval(SET_ASIDE, 3, ...names, dump, toMs(spec.keepAside))) === 1;
}

/**
 * Removes entries that their rule calls damaged, of the named prefixes only, and keeps them aside (requirement 4.5). Undo:
 * {@link putEntriesBack}. Throws `service-refused` with nothing changed, `provider-failed`.
 */
export async function clearCorruptEntries(
  spec: CacheService,
  { execution, signal }: { execution: string; signal: AbortSignal },
): Promise<ClearedEntries> {
  if (spec.entries.length === 0) {
    throw refused(
      'the component names no keys that may be removed',
      'Name their prefixes and what makes an entry whole in service.cache.entries.',
    );
  }
  await awaitCache(spec, signal);
  return withCache(spec, signal, async (client) => {
    const { looked, damaged } = await findDamaged(client, spec);
    if (damaged.length > spec.maxRemoved) {
      throw refused(
        `${damaged.length} entries are damaged, and at most ${spec.maxRemoved} may be removed`,
        'See whether the rules are right; raise service.cache.maxRemoved, or clear the cache by hand.',
      );
    }
    const aside = asideOf(execution);
    let removed = 0;
    for (const { key } of damaged) {
      if (await setAside(client, key, aside, spec)) removed += 1;
    }
    return { looked, removed, entries: shorten(damaged), changed: damaged.length - removed };
  });
}

/** Puts back what the recovery has removed; a key that has a new value keeps it. */
export async function putEntriesBack(
  spec: CacheService,
  { execution, signal }: { execution: string; signal: AbortSignal },
): Promise<{ putBack: number; replaced: number }> {
  const aside = asideOf(execution);
  await awaitCache(spec, signal);
  return withCache(spec, signal, async (client) => {
    let [putBack, replaced] = [0, 0];
    for await (const keys of keysBelow(client, aside)) {
      for (const name of keys) {
        const [how = '', ...rest] = name.slice(aside.length).split(':');
        const done = await client.eval(PUT_BACK, 2, name, rest.join(':'), how);
        if (done === 1) putBack += 1;
        else replaced += 1;
      }
    }
    return { putBack, replaced };
  });
}

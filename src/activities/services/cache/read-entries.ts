import type { Redis } from 'ioredis';
import { codeOf } from '../../../domain/errors.ts';
import type { CacheService, EntryRule } from '../../../domain/service.schema.ts';
import { keysBelow } from '../open-redis.ts';
import { createJudge, type Entry, type JudgeEntry } from './judge-entry.ts';

export interface Damaged {
  key: string;
  problem: string;
}

/** Gone meanwhile: undefined. */
async function readEntries(client: Redis, keys: readonly string[]): Promise<(Entry | undefined)[]> {
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.type(key).pttl(key).get(key);
  const answers = (await pipeline.exec()) ?? [];
  return keys.map((_key, index) => {
    const [type, ttl, value] = answers.slice(3 * index, 3 * index + 3);
    const failure = type?.[0] ?? ttl?.[0];
    if (failure) throw new Error(failure.message, { cause: codeOf(failure) });
    if (type?.[1] === 'none') return undefined;
    // A get of what is no string is an error, which its type already says.
    return {
      type: String(type?.[1]),
      ttlMs: Number(ttl?.[1]),
      value: value?.[0] ? null : ((value?.[1] as string | null) ?? null),
    };
  });
}

/** Judges the entries of one rule; stops as soon as `enough` says so. */
async function judgeRule(
  client: Redis,
  rule: EntryRule,
  enough: (looked: number) => boolean,
  found: (damaged: Damaged) => void,
): Promise<number> {
  const judge: JudgeEntry = createJudge(rule);
  let looked = 0;
  for await (const keys of keysBelow(client, rule.prefix)) {
    const entries = await readEntries(client, keys);
    for (const [index, entry] of entries.entries()) {
      if (enough(looked)) return looked;
      const key = keys[index];
      if (!entry || key === undefined) continue;
      looked += 1;
      const problem = judge(entry);
      if (problem !== undefined) found({ key, problem });
    }
  }
  return looked;
}

/** At most so many entries of each prefix. */
export async function findDamaged(
  client: Redis,
  { entries }: Pick<CacheService, 'entries'>,
  perPrefix = Number.POSITIVE_INFINITY,
): Promise<{ looked: number; damaged: Damaged[] }> {
  const damaged = new Map<string, Damaged>();
  let looked = 0;
  for (const rule of entries)
    looked += await judgeRule(
      client,
      rule,
      (count) => count >= perPrefix,
      (one) => damaged.set(one.key, one),
    );
  return { looked, damaged: [...damaged.values()] };
}

/** Of one key by itself; undefined when it is whole or gone. */
export async function problemOf(client: Redis, rules: readonly EntryRule[], key: string): Promise<string | undefined> {
  const [entry] = await readEntries(client, [key]);
  if (!entry) return undefined;
  const fitting = rules.filter(({ prefix }) => key.startsWith(prefix));
  return fitting.map((rule) => createJudge(rule)(entry)).find((problem) => problem !== undefined);
}

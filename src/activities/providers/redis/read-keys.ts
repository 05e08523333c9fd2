import { createHash } from 'node:crypto';
import { providerFailed } from '../provider-error.ts';
import type { RedisServer } from './connection.ts';
import type { KeyRecord } from './dump-file.ts';

const SCAN_COUNT = 500;
const BATCH_KEYS = 100;
/** By the server's estimate. A single larger value is a batch of its own. */
const BATCH_BYTES = 4 * 1024 * 1024;
const ATTEMPTS = 5;

type Reply = [error: Error | null, value: unknown];

const escapeGlob = (text: string): string => text.replaceAll(/[\\*?[\]^-]/g, '\\$&');

export const hashKey = (key: Buffer): string => createHash('sha256').update(key).digest('base64').slice(0, 22);

/** Which of the prefixes are not within another one, so that no key comes twice. */
export const outermost = (prefixes: readonly string[]): string[] =>
  [...new Set(prefixes)].filter((prefix) => !prefixes.some((other) => other !== prefix && prefix.startsWith(other)));

/** Keys under a prefix, each once. Those that come or go meanwhile may be seen or not: SCAN is no point in time. */
export async function* scanKeys({ client }: RedisServer, prefix: string): AsyncGenerator<Buffer[]> {
  const seen = new Set<string>();
  const bytes = Buffer.from(prefix);
  let cursor = '0';
  do {
    const [next, found] = await client.scanBuffer(cursor, 'MATCH', `${escapeGlob(prefix)}*`, 'COUNT', SCAN_COUNT);
    cursor = next.toString();
    const fresh = found.filter((key) => {
      const hash = hashKey(key);
      if (seen.has(hash) || !key.subarray(0, bytes.length).equals(bytes)) return false;
      seen.add(hash);
      return true;
    });
    if (fresh.length > 0) yield fresh;
  } while (cursor !== '0');
}

/** Present type and content of each key that is there, in groups that fit into memory. */
export async function* readRecords(server: RedisServer, keys: readonly Buffer[]): AsyncGenerator<KeyRecord[]> {
  for await (const { batch, types } of inBatches(server, keys)) yield await readBatch(server, batch, types);
}

async function* inBatches(server: RedisServer, keys: readonly Buffer[]) {
  const pipeline = server.client.pipeline();
  for (const key of keys) pipeline.type(key).call('MEMORY', 'USAGE', key);
  const replies = ((await pipeline.exec()) ?? []) as Reply[];
  let batch: Buffer[] = [];
  let types: string[] = [];
  let bytes = 0;
  for (const [index, key] of keys.entries()) {
    const [typeError, type] = replies[index * 2] ?? [null, undefined];
    if (typeError !== null) throw typeError;
    // A user without the right to MEMORY gets batches by number alone.
    const size = Number(replies[index * 2 + 1]?.[1] ?? 0);
    if (batch.length > 0 && (batch.length >= BATCH_KEYS || bytes + size > BATCH_BYTES)) {
      yield { batch, types };
      [batch, types, bytes] = [[], [], 0];
    }
    batch.push(key);
    types.push(String(type));
    bytes += size;
  }
  if (batch.length > 0) yield { batch, types };
}

/** How the content of a type is read. A type that is not here is compared by its dump. */
const CONTENT: Record<string, (key: Buffer) => [string, ...(string | Buffer)[]]> = {
  string: (key) => ['GET', key],
  hash: (key) => ['HGETALL', key],
  set: (key) => ['SMEMBERS', key],
  zset: (key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES'],
  list: (key) => ['LRANGE', key, '0', '-1'],
};

/** Dump, expiry and content of a key are of one moment: they are read in one transaction. */
async function readBatch(server: RedisServer, keys: readonly Buffer[], types: readonly string[]): Promise<KeyRecord[]> {
  let expected = types;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const transaction = server.client.multi().time();
    for (const [index, key] of keys.entries()) {
      transaction.callBuffer('DUMP', key).call(server.tellsExpiry ? 'PEXPIRETIME' : 'PTTL', key);
      const [command, ...args] = CONTENT[expected[index] ?? '']?.(key) ?? ['EXISTS', key];
      transaction.callBuffer(command, ...args).type(key);
    }
    const [time, ...replies] = ((await transaction.exec()) ?? []) as Reply[];
    const failed = replies.find(([error]) => error !== null && !error.message.startsWith('WRONGTYPE'))?.[0];
    if (failed) throw failed;
    const present = keys.map((_, index) => String(replies[index * 4 + 3]?.[1]));
    const isSteady = present.every((type, index) => type === expected[index] || type === 'none');
    if (isSteady)
      return keys.flatMap((key, index) => toRecord(server, { key, type: present[index] ?? '', time }, replies, index));
    // A key became one of another type in between.
    expected = present;
  }
  throw providerFailed(`keys change their type faster than they can be read, ${keys.length} of them`, {
    remedy: 'Capture at a quieter time.',
  });
}

function toRecord(
  server: RedisServer,
  { key, type, time }: { key: Buffer; type: string; time: Reply | undefined },
  replies: readonly Reply[],
  index: number,
): KeyRecord[] {
  const [dump, expiry, content] = [0, 1, 2].map((offset) => replies[index * 4 + offset]?.[1]);
  if (!Buffer.isBuffer(dump)) return [];
  const now = (): number => {
    const [seconds, micros] = time?.[1] as [string, string];
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  };
  const left = Number(expiry);
  const expiresAt = left < 0 ? 0 : server.tellsExpiry ? left : now() + left;
  return [{ key, expiresAt, digest: digestContent(type, content, dump), dump }];
}

/** Version and checksum of a dump, which say nothing about the value. */
const FOOTER_BYTES = 10;

/**
 * Over the content and not over the dump: a set or hash that is dumped again after a restore has its members in
 * another order, or another encoding.
 */
function digestContent(type: string, content: unknown, dump: Buffer): Buffer {
  const hash = createHash('sha256').update(`${type}\n`);
  for (const part of contentParts(type, content, dump)) hash.update(`${part.length}:`).update(part);
  return hash.digest();
}

function contentParts(type: string, content: unknown, dump: Buffer): Buffer[] {
  if (CONTENT[type] === undefined) return [dump.subarray(0, -FOOTER_BYTES)];
  if (Buffer.isBuffer(content)) return [content];
  const items = content as Buffer[];
  if (type === 'set') return items.toSorted((a, b) => a.compare(b));
  if (type !== 'hash') return items;
  const pairs = items.flatMap((field, index) =>
    index % 2 === 0 ? [[field, items[index + 1] ?? Buffer.alloc(0)]] : [],
  );
  return pairs.toSorted(([a], [b]) => (a as Buffer).compare(b as Buffer)).flat();
}

import type { RedisServer } from './connection.ts';
import { readDump } from './dump-file.ts';
import type { KeyRecord } from './dump-file.ts';
import { hashKey, readRecords, scanKeys } from './read-keys.ts';

/** Where the server only tells the time left, its absolute expiry is known to within the time of a transaction. */
const EXPIRY_TOLERANCE_MS = 50;
const BATCH_KEYS = 100;
const BATCH_BYTES = 4 * 1024 * 1024;

export type KeyDifference = 'missing' | 'content' | 'expiry' | 'not captured';

/** Records of a dump in groups that fit into memory. */
export async function* batchesOf(file: string): AsyncGenerator<KeyRecord[]> {
  let batch: KeyRecord[] = [];
  let bytes = 0;
  for await (const record of readDump(file)) {
    batch.push(record);
    bytes += record.dump.length;
    if (batch.length < BATCH_KEYS && bytes < BATCH_BYTES) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

async function serverTime({ client }: RedisServer): Promise<number> {
  const [seconds, micros] = await client.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

/** What differs between a dump and the present keys. A captured key whose time is up is not missed. */
export async function* compareKeys(
  server: RedisServer,
  prefixes: readonly string[],
  file: string,
): AsyncGenerator<{ key: Buffer; difference: KeyDifference }> {
  const captured = new Set<string>();
  for await (const batch of batchesOf(file)) {
    const present = new Map<string, KeyRecord>();
    for await (const records of readRecords(
      server,
      batch.map(({ key }) => key),
    )) {
      for (const record of records) present.set(hashKey(record.key), record);
    }
    const now = await serverTime(server);
    for (const record of batch) {
      const hash = hashKey(record.key);
      captured.add(hash);
      const difference = compareRecord(server, record, present.get(hash), now);
      if (difference !== undefined) yield { key: record.key, difference };
    }
  }
  yield* uncaptured(server, prefixes, captured);
}

function compareRecord(
  server: RedisServer,
  captured: KeyRecord,
  present: KeyRecord | undefined,
  now: number,
): KeyDifference | undefined {
  if (present === undefined) {
    const isOver = captured.expiresAt !== 0 && captured.expiresAt <= now + EXPIRY_TOLERANCE_MS;
    return isOver ? undefined : 'missing';
  }
  if (!captured.digest.equals(present.digest)) return 'content';
  const distance = Math.abs(captured.expiresAt - present.expiresAt);
  return distance > (server.tellsExpiry ? 0 : EXPIRY_TOLERANCE_MS) ? 'expiry' : undefined;
}

async function* uncaptured(
  server: RedisServer,
  prefixes: readonly string[],
  captured: ReadonlySet<string>,
): AsyncGenerator<{ key: Buffer; difference: KeyDifference }> {
  for (const prefix of prefixes) {
    for await (const keys of scanKeys(server, prefix)) {
      for (const key of keys) if (!captured.has(hashKey(key))) yield { key, difference: 'not captured' };
    }
  }
}

import { createHash } from 'node:crypto';
import { providerFailed } from '../provider-error.ts';
import type { RedisServer } from './connection.ts';
import { createDump } from './dump-file.ts';
import type { KeyRecord } from './dump-file.ts';
import { readRecords, scanKeys } from './read-keys.ts';
import type { RedisState } from './redis-state.schema.ts';

export interface CaptureKeysOrder {
  prefixes: readonly string[];
  file: string;
  maxValueBytes: number;
}

const MODULUS = 1n << 256n;

/** The same for any order of the keys. */
function createSum() {
  let sum = 0n;
  return {
    add({ key, digest }: KeyRecord) {
      const hash = createHash('sha256').update(`${key.length}:`).update(key).update(digest).digest('hex');
      sum = (sum + BigInt(`0x${hash}`)) % MODULUS;
    },
    digest: () => sum.toString(16).padStart(64, '0'),
  };
}

export async function captureKeys(
  server: RedisServer,
  { prefixes, file, maxValueBytes }: CaptureKeysOrder,
): Promise<RedisState> {
  const dump = await createDump(file);
  const sum = createSum();
  const counts: RedisState['prefixes'] = [];
  let expiring = 0;
  try {
    for (const prefix of prefixes) {
      let count = 0;
      for await (const keys of scanKeys(server, prefix)) {
        for await (const records of readRecords(server, keys)) {
          refuseLarge(records, maxValueBytes);
          await dump.write(records);
          for (const record of records) {
            sum.add(record);
            count += 1;
            if (record.expiresAt !== 0) expiring += 1;
          }
        }
      }
      counts.push({ prefix, keys: count });
    }
    await dump.end();
  } finally {
    await dump.close();
  }
  return {
    format: 1,
    pointInTime: false,
    serverVersion: server.version,
    prefixes: counts,
    keys: counts.reduce((total, { keys }) => total + keys, 0),
    expiring,
    digest: sum.digest(),
  };
}

function refuseLarge(records: readonly KeyRecord[], maxValueBytes: number): void {
  const large = records.find(({ dump }) => dump.length > maxValueBytes);
  if (large === undefined) return;
  throw providerFailed(`a value of ${large.dump.length} bytes could not be restored, ${maxValueBytes} are allowed`, {
    remedy: 'Leave its prefix out, or raise maxValueBytes together with proto-max-bulk-len of the server.',
    nonRetryable: true,
  });
}

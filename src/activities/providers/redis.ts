import path from 'node:path';
import type { Json } from '../../domain/canonical-json.ts';
import { RerailError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { providerFailed } from './provider-error.ts';
import type { CapturedState, CheckpointProvider } from './provider.ts';
import { captureKeys } from './redis/capture-keys.ts';
import { compareKeys } from './redis/compare-keys.ts';
import type { KeyDifference } from './redis/compare-keys.ts';
import { describeAddress, withRedis } from './redis/connection.ts';
import type { RedisAddress, RedisServer } from './redis/connection.ts';
import { outermost } from './redis/read-keys.ts';
import { RedisStateSchema } from './redis/redis-state.schema.ts';
import { restoreKeys } from './redis/restore-keys.ts';

export interface RedisProviderOptions extends RedisAddress {
  name: string;
  /** Beginnings of the keys that are captured, such as `cart:`. A restore deletes keys under them that were not captured. */
  prefixes?: readonly string[];
  /** All keys of the database, instead of prefixes. */
  wholeDatabase?: true;
  /** Refused beyond: RESTORE takes no more than the server's proto-max-bulk-len. Default: 512 MiB. */
  maxValueBytes?: number;
  /** For each command. Default: one minute. */
  timeoutMs?: number;
  /** Default: five seconds. */
  connectTimeoutMs?: number;
}

const LISTED = 1000;

const CHANGE: Record<KeyDifference, string> = {
  missing: 'create',
  content: 'replace',
  expiry: 'set its expiry',
  'not captured': 'delete',
};

const MISMATCH: Record<KeyDifference, string> = {
  missing: 'is missing',
  content: 'has other content',
  expiry: 'expires at another time',
  'not captured': 'was not captured',
};

/** Throws `invalid-input` for a prefix that is empty, and where there is none and not the whole database either. */
export function createRedisProvider(options: RedisProviderOptions): CheckpointProvider {
  const prefixes = checkPrefixes(options);
  const open = <T>(work: (server: RedisServer) => Promise<T>, signal?: AbortSignal): Promise<T> =>
    withRedis(
      options,
      { connectTimeoutMs: options.connectTimeoutMs ?? 5000, timeoutMs: options.timeoutMs ?? 60_000, signal },
      work,
    );

  /** The first thousand, and how many more there are. */
  const differences = (captured: CapturedState): Promise<{ listed: [string, KeyDifference][]; more: number }> => {
    const file = requireDump(captured, options.name);
    return open(async (server) => {
      const listed: [string, KeyDifference][] = [];
      let more = 0;
      for await (const { key, difference } of compareKeys(server, prefixes, file)) {
        if (listed.length < LISTED) listed.push([`key ${showKey(key)}`, difference]);
        else more += 1;
      }
      return { listed, more };
    });
  };

  return {
    name: options.name,
    kind: 'cache',
    describe: () => describeAddress(options),
    async capture({ directory, signal }) {
      const file = path.join(directory, 'keys.dump');
      const maxValueBytes = options.maxValueBytes ?? 512 * 1024 * 1024;
      const state = await open((server) => captureKeys(server, { prefixes, file, maxValueBytes }), signal);
      return { state, file };
    },
    async plan(captured) {
      const { listed, more } = await differences(captured);
      const changes = listed.map(([item, difference]) => ({ item, change: CHANGE[difference] }));
      return more === 0 ? changes : [...changes, { item: `${more} more keys`, change: 'create, replace or delete' }];
    },
    async restore({ signal, ...captured }) {
      const file = requireDump(captured, options.name);
      await open((server) => restoreKeys(server, prefixes, file), signal);
    },
    async verify(captured) {
      const { listed, more } = await differences(captured);
      const mismatches = listed.map(([item, difference]) => `${item} ${MISMATCH[difference]}`);
      return more === 0 ? mismatches : [...mismatches, `${more} more keys differ`];
    },
  };
}

function checkPrefixes({ name, prefixes = [], wholeDatabase }: RedisProviderOptions): string[] {
  if (wholeDatabase === true && prefixes.length === 0) return [''];
  const isUsable = wholeDatabase !== true && prefixes.length > 0 && !prefixes.includes('');
  if (isUsable) return outermost(prefixes);
  throw new RerailError(
    'invalid-input',
    `Provider ${name} ${wholeDatabase === true ? 'has prefixes beside wholeDatabase' : 'has no prefix, or an empty one'}`,
    { remedy: 'Give the prefixes of the keys to capture, or wholeDatabase: true and none.', nonRetryable: true },
  );
}

function requireDump({ state, file }: { state: Json; file?: string }, name: string): string {
  parseInput(RedisStateSchema, state, `The captured state of ${name}`);
  if (file !== undefined) return file;
  throw providerFailed(`the checkpoint has no dump of ${name}`, {
    remedy: 'Use another checkpoint.',
    nonRetryable: true,
  });
}

const SHOWN_BYTES = 120;

/** As text where it is text, else in base64. */
function showKey(key: Buffer): string {
  const start = key.subarray(0, SHOWN_BYTES);
  const text = start.toString('utf8');
  const shown = Buffer.from(text).equals(start) ? JSON.stringify(text) : `base64 ${start.toString('base64')}`;
  return key.length > SHOWN_BYTES ? `${shown}… (${key.length} bytes)` : shown;
}

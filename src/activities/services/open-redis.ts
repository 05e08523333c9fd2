import type { Redis } from 'ioredis';
import { toMs, type Duration } from '../../domain/duration.ts';
import type { CacheService } from '../../domain/service.schema.ts';
import { isRerailError } from '../../domain/errors.ts';
import { redisAddressOf, withRedis } from '../providers/redis/connection.ts';

type Given = Pick<CacheService, 'host' | 'port' | 'db' | 'username' | 'passwordFrom' | 'tls'>;

const COMMAND_MS = 10_000;
const CONNECT_MS = 3000;
const AGAIN_MS = 200;
/** A server that has just been started takes a while. */
const WITHIN: Duration = '8s';

/** One connection for the work, closed after it. */
export const withCache = <T>(spec: Given, signal: AbortSignal, work: (client: Redis) => Promise<T>): Promise<T> =>
  withRedis(redisAddressOf(spec), { connectTimeoutMs: CONNECT_MS, timeoutMs: COMMAND_MS, signal }, ({ client }) =>
    work(client),
  );

/** Waits for a server that does not answer yet; one that refuses who connects is not asked again. */
export async function awaitCache(spec: Given, signal: AbortSignal): Promise<{ waitedMs: number }> {
  const started = Date.now();
  for (;;) {
    try {
      await withCache(spec, signal, (client) => client.ping());
      return { waitedMs: Date.now() - started };
    } catch (error) {
      const waitedMs = Date.now() - started;
      if (!isRerailError(error) || error.nonRetryable || waitedMs > toMs(WITHIN)) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

const GLOB = /[\\*?[\]]/g;
const PAGE = 500;

/** Keys that begin so, each once, in pages; the server is not blocked by it. */
export async function* keysBelow(client: Redis, prefix: string): AsyncGenerator<string[]> {
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(
      cursor,
      'MATCH',
      `${prefix.replace(GLOB, (sign) => `\\${sign}`)}*`,
      'COUNT',
      PAGE,
    );
    cursor = next;
    const fresh = keys.filter((key) => !seen.has(key));
    for (const key of fresh) seen.add(key);
    if (fresh.length > 0) yield fresh;
  } while (cursor !== '0');
}

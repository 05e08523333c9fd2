import type { Client } from 'pg';
import { toMs } from '../../../domain/duration.ts';
import { isRerailError } from '../../../domain/errors.ts';
import type { DatabaseService } from '../../../domain/service.schema.ts';
import { withAccess, type PostgresAddress } from '../../providers/postgres/connection.ts';

const CONNECT_MS = 5000;
const AGAIN_MS = 200;

function addressOf({ host, port, database, user, passwordFrom, tls }: DatabaseService): PostgresAddress {
  return {
    host,
    port,
    database,
    user,
    ...(passwordFrom === undefined ? {} : { passwordFrom }),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** One connection for the work, closed after it. */
export function withDatabase<T>(
  spec: DatabaseService,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const limits = { programName: 'rerail-restore', connectTimeoutMs: CONNECT_MS, timeoutMs, signal } as const;
  return withAccess(addressOf(spec), limits, async (access) => work(await access.connect()));
}

/** A server that has just been started takes a while; one that refuses who connects is not asked again. */
export async function awaitDatabase(spec: DatabaseService, signal: AbortSignal): Promise<{ waitedMs: number }> {
  const started = Date.now();
  for (;;) {
    try {
      await withDatabase(spec, { timeoutMs: CONNECT_MS, signal }, (client) => client.query('SELECT 1'));
      return { waitedMs: Date.now() - started };
    } catch (error) {
      const waited = Date.now() - started;
      if (!isRerailError(error) || error.nonRetryable || waited > toMs(spec.connectWithin)) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

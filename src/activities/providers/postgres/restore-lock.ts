import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import { providerFailed } from '../provider-error.ts';

const GONE_WITHIN_MS = 10_000;

export interface RestoreLock {
  /** What the lock is for. */
  database: string;
  /** What the programs write into, where that is another one. */
  restored?: string;
  programName: string;
}

/**
 * One restore of a database at a time. A killed attempt's session may still be at work on the server: it is ended
 * before the work begins, and ours when the work fails. The lock goes with the client's connection.
 */
export async function holdRestoreLock<T>(
  client: Client,
  { database, restored = database, programName }: RestoreLock,
  work: () => Promise<T>,
): Promise<T> {
  const { rows } = await client.query<{ held: boolean }>(
    'SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0)) AS held',
    [`rerail restore ${database}`],
  );
  if (rows[0]?.held !== true) {
    throw providerFailed(`another restore of ${database} is under way`, {
      remedy: 'Wait until it has ended, then try again.',
    });
  }
  await endPrograms(client, restored, programName);
  try {
    return await work();
  } catch (error) {
    // The first error counts: where the server is gone there is no session of ours either.
    await endPrograms(client, restored, programName).catch(() => undefined);
    throw error;
  }
}

/** Ends sessions of the same user that bear the programs' name, and waits until they have rolled back. */
async function endPrograms(client: Client, database: string, programName: string): Promise<void> {
  const deadline = Date.now() + GONE_WITHIN_MS;
  for (;;) {
    const { rows } = await client.query(
      `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
       WHERE application_name = $1 AND datname = $2 AND usename = current_user AND pid <> pg_catalog.pg_backend_pid()`,
      [programName, database],
    );
    if (rows.length === 0) return;
    if (Date.now() > deadline) {
      throw providerFailed(`the session of an earlier restore of ${database} does not end`, {
        remedy: `End it on the server: it is listed in pg_stat_activity as ${programName}.`,
      });
    }
    await delay(50);
  }
}

import type { Client } from 'pg';
import { toMs } from '../../../domain/duration.ts';
import type { DatabaseService } from '../../../domain/service.schema.ts';
import { refused, unhealthy } from '../service-context.ts';
import { awaitDatabase, withDatabase } from './open-database.ts';

export interface EndedSession {
  pid: number;
  application: string;
  database: string;
  user: string;
  state: string;
  /** In this state, or in this query. */
  seconds: number;
}

export interface ResetPool {
  ended: EndedSession[];
  /** Sessions of the same kind that were left for the next run. */
  left: number;
  waitedMs: number;
}

type Pool = NonNullable<DatabaseService['pool']>;

interface Row extends EndedSession {
  began: string;
  signalled: boolean;
}

const QUERY_MS = 10_000;
const GONE_MS = 5000;
const AGAIN_MS = 50;

const STUCK = `
  SELECT pid, application_name AS application, datname AS database, usename AS "user", state,
         round(extract(epoch FROM now() - CASE WHEN state = 'active' THEN query_start ELSE state_change END))::int AS seconds,
         backend_start::text AS began
    FROM pg_stat_activity
   WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
     AND application_name = ANY($1) AND datname = ANY($2)
     AND ((state LIKE 'idle in transaction%' AND now() - state_change > $3::float8 * interval '1 millisecond')
       OR (state = 'active' AND now() - query_start > $4::float8 * interval '1 millisecond'))
   ORDER BY coalesce(xact_start, query_start)`;

const parametersOf = ({ pool, database }: { pool: Pool; database: string }): unknown[] => [
  pool.applications,
  pool.databases ?? [database],
  toMs(pool.idleInTransaction),
  toMs(pool.stuckAfter),
];

/** The server ends a session at its own next chance; the same process number may be another session by then. */
async function awaitGone(client: Client, sessions: readonly Row[]): Promise<void> {
  const started = Date.now();
  for (;;) {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity
        WHERE (pid, backend_start) IN (SELECT * FROM unnest($1::int[], $2::timestamptz[]))`,
      [sessions.map(({ pid }) => pid), sessions.map(({ began }) => began)],
    );
    if (rows.length === 0) return;
    if (Date.now() - started > GONE_MS)
      throw unhealthy(`sessions ${rows.map(({ pid }) => pid).join(', ')} do not end, though they were told to`);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/**
 * Waits for the server, then ends sessions of the named applications that are idle in a transaction or stuck in a query
 * (requirement 4.5). Undo: none, a client opens its connection anew. Throws `service-refused`, `service-unhealthy`,
 * `provider-failed`.
 */
export async function resetConnectionPool(spec: DatabaseService, signal: AbortSignal): Promise<ResetPool> {
  const { pool, database } = spec;
  if (!pool) {
    throw refused(
      'the component names no application whose sessions may be ended',
      'Name them in service.database.pool.applications, by their application_name.',
    );
  }
  const { waitedMs } = await awaitDatabase(spec, signal);
  return withDatabase(spec, { timeoutMs: QUERY_MS, signal }, async (client) => {
    const parameters = parametersOf({ pool, database });
    const { rows } = await client.query<Row>(
      `WITH stuck AS MATERIALIZED (${STUCK} LIMIT $5)
       SELECT *, pg_terminate_backend(pid) AS signalled FROM stuck`,
      [...parameters, pool.max],
    );
    // One that has ended by itself in between needs no more.
    await awaitGone(client, rows);
    const { rows: counted } = await client.query<{ left: number }>(
      `SELECT count(*)::int AS "left" FROM (${STUCK}) AS stuck`,
      parameters,
    );
    const ended = rows.map(({ began: _began, signalled: _signalled, ...session }) => session);
    return { ended, left: counted[0]?.left ?? 0, waitedMs };
  });
}

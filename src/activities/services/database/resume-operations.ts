import type { Client } from 'pg';
import { codeOf, messageOf, RerailError } from '../../../domain/errors.ts';
import type { DatabaseService, HeldOperation } from '../../../domain/service.schema.ts';
import type { ServicesPort } from '../../../domain/service.ts';
import { awaitDatabase, withDatabase } from './open-database.ts';

export interface ResumedOperations {
  /** Done by this run. */
  done: number;
  /** Taken over from the processes that held them. */
  taken: number;
}

type Held = NonNullable<DatabaseService['held']>;

const QUERY_MS = 30_000;
const TABLE = 'rerail_held_operations';

const tableOf = ({ schema }: Held): string => `"${schema}".${TABLE}`;

/** Two who make it at the same time would collide in the catalogue. */
async function ensureTable(client: Client, held: Held): Promise<void> {
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [tableOf(held)]);
  await client.query(`CREATE SCHEMA IF NOT EXISTS "${held.schema}"`);
  await client.query(`CREATE TABLE IF NOT EXISTS ${tableOf(held)} (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE,
    statement text NOT NULL,
    "values" jsonb NOT NULL DEFAULT '[]',
    held_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    tries int NOT NULL DEFAULT 0,
    last_error text)`);
  await client.query('COMMIT');
}

/** In their order, each once, also when another worker does the same: the id is unique, and those done stay known. */
async function takeOver(client: Client, held: Held, operations: readonly HeldOperation[]): Promise<void> {
  for (const { id, statement, values } of operations) {
    await client.query(
      `INSERT INTO ${tableOf(held)} (id, statement, "values") VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
      [id, statement, JSON.stringify(values)],
    );
  }
}

interface Row {
  position: string;
  id: string;
  statement: string;
  values: unknown[];
}

const failed = ({ id, statement }: Row, why: string, cause?: unknown): RerailError =>
  new RerailError('held-operation-failed', `held operation ${id} (${statement}) was not done: ${why}`, {
    remedy: `Mend what it needs, or mark it in ${TABLE} (done_at), then resume again: those after it wait for their turn.`,
    nonRetryable: codeOf(cause)?.startsWith('08') !== true,
    details: { id, statement },
  });

/** The oldest that waits: its effect and its mark in one transaction. Undefined when none is left. */
async function doNext(client: Client, held: Held): Promise<boolean> {
  await client.query('BEGIN');
  // Whoever else is at it waits until this one is done, so that the order holds.
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 1))', [tableOf(held)]);
  const { rows } = await client.query<Row>(
    `SELECT position, id, statement, "values" FROM ${tableOf(held)} WHERE done_at IS NULL ORDER BY position LIMIT 1`,
  );
  const [row] = rows;
  if (!row) {
    await client.query('COMMIT');
    return false;
  }
  const text = Object.hasOwn(held.statements, row.statement) ? held.statements[row.statement] : undefined;
  if (text === undefined) {
    await client.query('ROLLBACK');
    throw failed(row, `the component has no statement of that name in service.database.held.statements`);
  }
  await client.query('SAVEPOINT effect');
  try {
    // The extended protocol takes one statement only: none can end the transaction early.
    const extended = { text, values: row.values, queryMode: 'extended' };
    await client.query(extended);
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT effect');
    await client.query(`UPDATE ${tableOf(held)} SET tries = tries + 1, last_error = $2 WHERE position = $1`, [
      row.position,
      messageOf(error).slice(0, 500),
    ]);
    await client.query('COMMIT');
    throw failed(row, messageOf(error), error);
  }
  await client.query(
    `UPDATE ${tableOf(held)} SET done_at = now(), tries = tries + 1, last_error = NULL WHERE position = $1`,
    [row.position],
  );
  await client.query('COMMIT');
  return true;
}

/**
 * Does what could not be done while the database was away, in order, each exactly once, however often a worker dies over it
 * (requirement 4.5). Undo: none, the operations were asked for. Throws `held-operation-failed`, `provider-failed`.
 */
export async function resumeOperations(
  spec: DatabaseService,
  { name, services, signal }: { name: string; services: ServicesPort; signal: AbortSignal },
): Promise<ResumedOperations> {
  await awaitDatabase(spec, signal);
  const { held } = spec;
  if (!held) return { done: 0, taken: 0 };
  const waiting = await services.heldOperations(name);
  const unknown = waiting.find(({ statement }) => !Object.hasOwn(held.statements, statement));
  if (unknown) {
    throw new RerailError('held-operation-failed', `nobody knows the statement ${unknown.statement} of ${unknown.id}`, {
      remedy: 'Add it to service.database.held.statements of the component.',
      nonRetryable: true,
    });
  }
  return withDatabase(spec, { timeoutMs: QUERY_MS, signal }, async (client) => {
    await ensureTable(client, held);
    await takeOver(client, held, waiting);
    // Only now: until here they were in the table as well as with Temporal, and their ids keep them apart.
    if (waiting.length > 0)
      await services.dropHeld(
        name,
        waiting.map(({ id }) => id),
      );
    let done = 0;
    while (await doNext(client, held)) done += 1;
    return { done, taken: waiting.length };
  });
}

import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { canonicalJson } from '../../../domain/canonical-json.ts';
import { codeOf } from '../../../domain/errors.ts';
import { providerFailed } from '../provider-error.ts';
import type { PostgresAccess } from './connection.ts';
import { holdRestoreLock } from './restore-lock.ts';
import type { PostgresState } from './postgres-state.schema.ts';
import { checkVersions, databaseArgument, runProgram } from './programs.ts';
import type { ProgramsOptions } from './programs.ts';

const SWAP_ATTEMPTS = 5;
const OBJECT_IN_USE = '55006';
const NAME_BYTES = 63;

export interface NewDatabaseOrder {
  state: PostgresState;
  file: string;
  maintenanceDatabase: string;
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** PostgreSQL would cut a long name short without a word, and two of them might then be one. */
function named(database: string, suffix: string): string {
  let base = database;
  while (Buffer.byteLength(base + suffix) > NAME_BYTES) base = base.slice(0, -1);
  return base + suffix;
}

/** Where the restore is made, and under which name the present database is kept (a number follows where it is taken). */
export function namesOf(database: string, state: PostgresState): { next: string; undo: string } {
  const id = createHash('sha256').update(canonicalJson(state)).digest('hex').slice(0, 12);
  return { next: named(database, `_rerail_${id}`), undo: named(database, `_undo_${id}`) };
}

/**
 * Restores beside the database and then swaps the names in one transaction; sessions of the old one are ended for it.
 * Until then the database is as it was. The same again first removes what a killed attempt left behind.
 */
export async function restoreNewDatabase(
  access: PostgresAccess,
  { state, file, maintenanceDatabase }: NewDatabaseOrder,
  options: ProgramsOptions,
): Promise<void> {
  const { database } = access.address;
  const { next } = namesOf(database, state);
  const client = await access.connect(maintenanceDatabase);
  await checkVersions(client, options, ['pg_restore']);
  await holdRestoreLock(client, { database, restored: next, programName: options.programName }, async () => {
    await client.query(`DROP DATABASE IF EXISTS ${quote(next)}`);
    await client.query(await createStatement(client, database, next));
    try {
      await runProgram(
        'pg_restore',
        ['--single-transaction', '--exit-on-error', '--no-password', databaseArgument(next), file],
        access,
        options,
      );
      await swap(client, database, { next, undo: await freeName(client, namesOf(database, state).undo) });
    } catch (error) {
      // The first error counts; what cannot be dropped now is dropped by the next attempt.
      await client.query(`DROP DATABASE IF EXISTS ${quote(next)}`).catch(() => undefined);
      throw error;
    }
  });
}

interface DatabaseRow {
  owner: string;
  encoding: string;
  datcollate: string;
  datctype: string;
  provider: string;
  hasGrants: boolean;
  hasSettings: boolean;
}

/** The same encoding, collation and owner. Throws where the new one would lack what the old one has. */
async function createStatement(client: Client, database: string, next: string): Promise<string> {
  const { rows } = await client.query<DatabaseRow>(
    `SELECT pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding, d.datcollate, d.datctype,
       coalesce(to_jsonb(d) ->> 'datlocprovider', 'c') AS provider, d.datacl IS NOT NULL AS "hasGrants",
       EXISTS (SELECT FROM pg_catalog.pg_db_role_setting s WHERE s.setdatabase = d.oid) AS "hasSettings"
     FROM pg_catalog.pg_database d WHERE d.datname = $1`,
    [database],
  );
  const row = rows[0];
  if (row === undefined) {
    throw providerFailed(`there is no database ${database} that a new one could take the place of`, {
      remedy: 'Create it, empty, and try again.',
      nonRetryable: true,
    });
  }
  const lost = [
    row.provider === 'c' ? [] : ['a collation that is not of the C library'],
    row.hasGrants ? ['grants of its own (GRANT … ON DATABASE)'] : [],
    row.hasSettings ? ['settings of its own (ALTER DATABASE … SET)'] : [],
  ].flat();
  if (lost.length > 0) {
    throw providerFailed(`the database ${database} has ${lost.join(' and ')}, which a new one would lack`, {
      remedy: 'Use the mode in-place.',
      nonRetryable: true,
    });
  }
  return `CREATE DATABASE ${quote(next)} TEMPLATE template0 OWNER ${quote(row.owner)} ENCODING ${literal(row.encoding)}
    LC_COLLATE ${literal(row.datcollate)} LC_CTYPE ${literal(row.datctype)}`;
}

async function freeName(client: Client, wanted: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? wanted : named(wanted, `_${number}`);
    const { rowCount } = await client.query('SELECT FROM pg_catalog.pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) return name;
  }
}

/** A rename locks new sessions out, but needs the old ones gone, and more may come until it has the lock. */
async function swap(client: Client, database: string, { next, undo }: { next: string; undo: string }): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    await client.query(
      'SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = $1',
      [database],
    );
    try {
      await client.query('BEGIN');
      await client.query(`ALTER DATABASE ${quote(database)} RENAME TO ${quote(undo)}`);
      await client.query(`ALTER DATABASE ${quote(next)} RENAME TO ${quote(database)}`);
      await client.query('COMMIT');
      return;
    } catch (error) {
      await client.query('ROLLBACK');
      if (codeOf(error) !== OBJECT_IN_USE || attempt === SWAP_ATTEMPTS) throw error;
    }
  }
}

import type { Client } from 'pg';
import type { PostgresAccess } from './connection.ts';
import type { PostgresState } from './postgres-state.schema.ts';
import { checkVersions, databaseArgument, runProgram } from './programs.ts';
import type { ProgramsOptions } from './programs.ts';
import { listForeignTables, listTables, prepareSession, readContents, readSequences } from './read-contents.ts';
import type { ReadLimits } from './read-contents.ts';

const LOCK_WAIT_MS = 30_000;

const NOT_CAPTURED = [
  'roles, tablespaces and settings of the server',
  'settings and grants of the database itself (ALTER DATABASE, GRANT … ON DATABASE)',
  'rows of materialized views: a restore fills them anew',
];

/** A dump and what it holds, both of one snapshot. Leaves the client in a transaction that is to be thrown away. */
export async function captureDatabase(
  access: PostgresAccess,
  dumpFile: string,
  options: ProgramsOptions & ReadLimits,
): Promise<PostgresState> {
  const client = await access.connect();
  await checkVersions(client, options, ['pg_dump']);
  await prepareSession(client);
  const snapshot = await holdSnapshot(client);
  const sequences = await readSequences(client);
  await runProgram(
    'pg_dump',
    [
      '--format=custom',
      '--compress=0',
      '--no-password',
      `--snapshot=${snapshot}`,
      `--file=${dumpFile}`,
      databaseArgument(access.address.database),
    ],
    access,
    options,
  );
  const contents = await readContents(client, options);
  const foreign = await listForeignTables(client);
  const about = await client.query<{ version: string; now: string }>(
    `SELECT current_setting('server_version') AS version, to_json(now()) #>> '{}' AS now`,
  );
  return {
    format: 1,
    pointInTime: true,
    database: access.address.database,
    serverVersion: about.rows[0]?.version ?? '',
    capturedAt: about.rows[0]?.now ?? '',
    contents: { ...contents, sequences },
    notCaptured: [...NOT_CAPTURED, ...foreign.map((name) => `rows of the foreign table ${name}`)],
  };
}

/**
 * The tables are locked against TRUNCATE and rewriting before the snapshot is taken: both would show as empty in a
 * snapshot that is older. Reading and writing go on.
 */
async function holdSnapshot(client: Client): Promise<string> {
  const tables = await listTables(client);
  await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  if (tables.length > 0) {
    await client.query(`LOCK TABLE ${tables.map((name) => `ONLY ${name}`).join(', ')} IN ACCESS SHARE MODE`);
  }
  const { rows } = await client.query<{ id: string }>('SELECT pg_export_snapshot() AS id');
  return rows[0]?.id ?? '';
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PostgresAccess } from './connection.ts';
import { findUnknown } from './compare-contents.ts';
import type { Unknown } from './compare-contents.ts';
import { holdRestoreLock } from './restore-lock.ts';
import type { PostgresState } from './postgres-state.schema.ts';
import { checkVersions, databaseArgument, runProgram } from './programs.ts';
import type { ProgramsOptions } from './programs.ts';
import { prepareSession, readContents } from './read-contents.ts';

const RESTORE = ['--single-transaction', '--clean', '--if-exists', '--exit-on-error'] as const;

export interface InPlaceOrder {
  state: PostgresState;
  file: string;
  dropUnknown: boolean;
}

/** One transaction replaces everything that was captured: until it commits, the database is as it was. */
export async function restoreInPlace(
  access: PostgresAccess,
  { state, file, dropUnknown }: InPlaceOrder,
  options: ProgramsOptions,
): Promise<void> {
  const { database } = access.address;
  const client = await access.connect();
  await checkVersions(client, options, dropUnknown ? ['pg_restore', 'psql'] : ['pg_restore']);
  await holdRestoreLock(client, { database, programName: options.programName }, async () => {
    if (!dropUnknown) {
      await runProgram('pg_restore', [...RESTORE, '--no-password', databaseArgument(database), file], access, options);
      return;
    }
    await prepareSession(client);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const present = await readContents(client, { digestRowLimit: 0 }, state.contents);
    await client.query('COMMIT');
    await restoreWithDrops(access, { file, unknown: findUnknown(state.contents, present) }, options);
  });
}

/** psql runs the drops and pg_restore's script in one transaction. The script is complete before it begins. */
async function restoreWithDrops(
  access: PostgresAccess,
  { file, unknown }: { file: string; unknown: Unknown },
  options: ProgramsOptions,
): Promise<void> {
  const directory = await mkdtemp(path.join(path.dirname(file), 'script-'));
  try {
    const drops = path.join(directory, 'drops.sql');
    const script = path.join(directory, 'restore.sql');
    await writeFile(drops, dropScript(unknown), { mode: 0o600 });
    await writeFile(script, '', { mode: 0o600 });
    // Opens with BEGIN and ends with COMMIT; the drops have begun that transaction already.
    await runProgram('pg_restore', [...RESTORE, `--file=${script}`, file], access, options);
    await runProgram(
      'psql',
      [
        '--no-psqlrc',
        '--no-password',
        '--quiet',
        '--set=ON_ERROR_STOP=1',
        '--output=/dev/null',
        databaseArgument(access.address.database),
        `--file=${drops}`,
        `--file=${script}`,
      ],
      access,
      options,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Names come quoted from the server. What CASCADE takes along was captured, and is made anew; or it is unknown too. */
function dropScript({ tables, sequences, objects, largeObjects }: Unknown): string {
  const routines = objects.filter((name) => name.startsWith('function ')).map((name) => name.slice('function '.length));
  const views = objects.filter((name) => !name.startsWith('function '));
  return [
    'BEGIN;',
    "SELECT pg_catalog.set_config('search_path', '', false);",
    ...views.map(
      (view) =>
        `DROP ${view.replace(/^(view|materialized view) /, (kind) => `${kind.toUpperCase()}IF EXISTS `)} CASCADE;`,
    ),
    ...routines.map((name) => `DROP ROUTINE IF EXISTS ${name} CASCADE;`),
    ...tables.map((name) => `DROP TABLE IF EXISTS ${name} CASCADE;`),
    ...sequences.map((name) => `DROP SEQUENCE IF EXISTS ${name} CASCADE;`),
    ...largeObjects.map((id) => `SELECT pg_catalog.lo_unlink(${Number(id)});`),
    '',
  ].join('\n');
}

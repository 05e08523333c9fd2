import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Json } from '../../domain/canonical-json.ts';
import { RerailError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { captureDatabase } from './postgres/capture-database.ts';
import { findMismatches, isAsCaptured, planChanges } from './postgres/compare-contents.ts';
import type { RestoreMode } from './postgres/compare-contents.ts';
import { describeAddress, withAccess } from './postgres/connection.ts';
import type { PostgresAccess, PostgresAddress } from './postgres/connection.ts';
import { PostgresStateSchema } from './postgres/postgres-state.schema.ts';
import type { PostgresContents } from './postgres/postgres-state.schema.ts';
import type { ProgramsOptions } from './postgres/programs.ts';
import { prepareSession, readContents } from './postgres/read-contents.ts';
import { restoreInPlace } from './postgres/restore-in-place.ts';
import { namesOf, restoreNewDatabase } from './postgres/restore-new-database.ts';
import type { CheckpointProvider } from './provider.ts';

export interface PostgresProviderOptions extends PostgresAddress {
  name: string;
  /**
   * `in-place` (default) replaces what was captured, in one transaction. `new-database` restores beside it and swaps
   * the names; the old database is kept, and its sessions are ended.
   */
  mode?: RestoreMode;
  /** In place: also drop tables, views, functions, sequences and large objects made after the capture. Default: false. */
  dropUnknown?: boolean;
  /** Tables with more rows are counted and not digested. Default: one million. */
  digestRowLimit?: number;
  /** Where pg_dump, pg_restore and psql are. Default: PATH. They must not be older than the server. */
  binDirectory?: string;
  /** For each program and query. Default: ten minutes. */
  timeoutMs?: number;
  /** Default: ten seconds. */
  connectTimeoutMs?: number;
  /** From where `new-database` creates and renames. Default: `postgres`. */
  maintenanceDatabase?: string;
}

const DEFAULT_TIMEOUT_MS = 10 * 60_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_DIGEST_ROWS = 1_000_000;

/** Throws `invalid-input` for options that contradict each other. */
export function createPostgresProvider(options: PostgresProviderOptions): CheckpointProvider {
  const { mode = 'in-place', dropUnknown = false, maintenanceDatabase = 'postgres' } = options;
  if (mode === 'new-database' && options.database === maintenanceDatabase) {
    throw new RerailError(
      'invalid-input',
      `Provider ${options.name} cannot rename ${maintenanceDatabase} from within`,
      {
        remedy: 'Give another database of the server as maintenanceDatabase.',
        nonRetryable: true,
      },
    );
  }
  const digestRowLimit = options.digestRowLimit ?? DEFAULT_DIGEST_ROWS;
  const rules = { mode, dropUnknown };
  const limitsFor = (programName: ProgramsOptions['programName'], signal?: AbortSignal): ProgramsOptions => ({
    programName,
    binDirectory: options.binDirectory,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
    signal,
  });

  const readPresent = (captured: PostgresContents, signal?: AbortSignal): Promise<PostgresContents> =>
    withAccess(options, limitsFor('rerail-capture', signal), async (access) =>
      readSnapshot(access, digestRowLimit, captured),
    );

  return {
    name: options.name,
    kind: 'database',
    describe: () => describeAddress(options),
    async capture({ directory, signal }) {
      const file = path.join(directory, 'database.dump');
      await writeFile(file, '', { mode: 0o600, flag: 'wx' });
      const limits = limitsFor('rerail-capture', signal);
      const state = await withAccess(options, limits, (access) =>
        captureDatabase(access, file, { ...limits, digestRowLimit }),
      );
      return { state, file };
    },
    async plan({ state }) {
      const captured = parseState(state, options.name);
      const changes = planChanges(captured.contents, await readPresent(captured.contents), rules);
      if (mode === 'in-place' || changes.length === 0) return changes;
      const { undo } = namesOf(options.database, captured);
      return [
        { item: `database ${options.database}`, change: `replace it, and keep the present one as ${undo}` },
        ...changes,
      ];
    },
    async restore({ state, file, signal }) {
      const captured = parseState(state, options.name);
      if (file === undefined) throw missingDump(options.name);
      const limits = limitsFor('rerail-restore', signal);
      if (mode === 'in-place') {
        const order = { state: captured, file, dropUnknown };
        await withAccess(options, limits, (access) => restoreInPlace(access, order, limits));
        return;
      }
      // Else a second attempt would make a second copy, and take the first one for the state to be kept.
      if (isAsCaptured(captured.contents, await readPresent(captured.contents, signal))) return;
      const order = { state: captured, file, maintenanceDatabase };
      await withAccess(options, limits, (access) => restoreNewDatabase(access, order, limits));
    },
    async verify({ state }) {
      const captured = parseState(state, options.name);
      return findMismatches(captured.contents, await readPresent(captured.contents), rules);
    },
  };
}

async function readSnapshot(
  access: PostgresAccess,
  digestRowLimit: number,
  captured: PostgresContents,
): Promise<PostgresContents> {
  const client = await access.connect();
  await prepareSession(client);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  return readContents(client, { digestRowLimit }, captured);
}

const parseState = (state: Json, name: string) =>
  parseInput(PostgresStateSchema, state, `The captured state of ${name}`);

function missingDump(name: string): RerailError {
  return new RerailError('checkpoint-corrupt', `The checkpoint has no dump of ${name}`, {
    remedy: 'Restore from another checkpoint.',
    nonRetryable: true,
  });
}

import type { Client } from 'pg';
import { codeOf, messageOf, RerailError } from '../../../domain/errors.ts';
import type { DatabaseService } from '../../../domain/service.schema.ts';
import { shorten } from '../service-context.ts';
import { withDatabase } from './open-database.ts';

export interface IntegrityReport {
  /** What was looked at; nothing else is said to be whole. */
  method: 'amcheck' | 'checksums' | 'none';
  indexesChecked: number;
  tablesChecked: string[];
  /** Indexes that were damaged and were built anew. */
  reindexed: string[];
  /** What was not looked at, and why. */
  notes: string[];
}

interface Damage {
  name: string;
  message: string;
}

const QUERY_MS = 10 * 60_000;

/** An index or table that holds something else than it should. */
const isDamage = (error: unknown): boolean => codeOf(error) === 'XX001' || codeOf(error) === 'XX002';

async function hasAmcheck(client: Client, mayCreate: boolean, notes: string[]): Promise<boolean> {
  const { rows } = await client.query("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'");
  if (rows.length > 0) return true;
  if (!mayCreate) {
    notes.push('the extension amcheck is not installed and integrity.createExtension is not set');
    return false;
  }
  try {
    await client.query('CREATE EXTENSION IF NOT EXISTS amcheck');
    return true;
  } catch (error) {
    notes.push(`the extension amcheck could not be installed: ${messageOf(error)}`);
    return false;
  }
}

const INDEXES = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name, c.oid::int8::text AS oid
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_am a ON a.oid = c.relam
   WHERE a.amname = 'btree' AND i.indisvalid AND c.relkind = 'i' AND c.relpersistence <> 't'
     AND CASE WHEN $1::text[] IS NULL THEN n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
              ELSE n.nspname || '.' || c.relname = ANY($1) END
   ORDER BY 1`;

async function damageOf(client: Client, name: string, oid: string): Promise<Damage | undefined> {
  try {
    await client.query('SELECT bt_index_check($1::oid)', [oid]);
    return undefined;
  } catch (error) {
    if (isDamage(error)) return { name, message: messageOf(error) };
    throw error;
  }
}

async function checkIndexes(client: Client, spec: DatabaseService, report: IntegrityReport): Promise<Damage[]> {
  const { indexes, reindex } = spec.integrity;
  const { rows } = await client.query<{ name: string; oid: string }>(INDEXES, [indexes ?? null]);
  const missing = (indexes ?? []).filter((name) => !rows.some((row) => row.name.replaceAll('"', '') === name));
  if (missing.length > 0) {
    throw new RerailError('invalid-input', `there is no B-tree index ${missing.join(', ')}`, {
      remedy: 'Correct service.database.integrity.indexes: schema.index.',
      nonRetryable: true,
    });
  }
  const damaged: Damage[] = [];
  for (const { name, oid } of rows) {
    const damage = await damageOf(client, name, oid);
    report.indexesChecked += 1;
    if (!damage) continue;
    if (!reindex.includes('*') && !reindex.includes(name.replaceAll('"', ''))) {
      damaged.push(damage);
      continue;
    }
    // From the rows of the table; other sessions go on reading and writing.
    await client.query(`REINDEX INDEX CONCURRENTLY ${name}`);
    const again = await client.query<{ oid: string }>('SELECT to_regclass($1)::oid::int8::text AS oid', [name]);
    const still = await damageOf(client, name, again.rows[0]?.oid ?? oid);
    if (still) damaged.push(still);
    else report.reindexed.push(name);
  }
  return damaged;
}

async function checkTables(client: Client, names: readonly string[], report: IntegrityReport): Promise<Damage[]> {
  const damaged: Damage[] = [];
  for (const name of names) {
    const { rows } = await client.query<{ message: string }>(
      'SELECT msg AS message FROM verify_heapam(relation => $1::regclass, on_error_stop => true) LIMIT 1',
      [name],
    );
    report.tablesChecked.push(name);
    if (rows[0]) damaged.push({ name, message: rows[0].message });
  }
  return damaged;
}

async function readChecksums(client: Client, report: IntegrityReport): Promise<Damage[]> {
  const { rows } = await client.query<{ on: boolean; failures: string | null }>(
    `SELECT current_setting('data_checksums') = 'on' AS on,
            (SELECT checksum_failures::text FROM pg_stat_database WHERE datname = current_database()) AS failures`,
  );
  const { on, failures } = rows[0] ?? { on: false, failures: null };
  if (!on) {
    report.notes.push('the server keeps no checksums of its pages: nothing could be looked at');
    return [];
  }
  report.method = 'checksums';
  report.notes.push('only failures that the server has met itself are known');
  return Number(failures ?? 0) > 0
    ? [{ name: 'the database', message: `${failures} pages with a wrong checksum were read` }]
    : [];
}

/**
 * Looks for damage (requirement 4.5): B-tree indexes by `amcheck`, tables where they are named; without the extension, the
 * server's own count of wrong page checksums. Damaged indexes that may be are built anew, for which no undo is needed. Throws
 * `database-corrupt` with what is damaged.
 */
export function checkDatabaseIntegrity(spec: DatabaseService, signal: AbortSignal): Promise<IntegrityReport> {
  return withDatabase(spec, { timeoutMs: QUERY_MS, signal }, async (client) => {
    const { heap, createExtension } = spec.integrity;
    const report: IntegrityReport = {
      method: 'none',
      indexesChecked: 0,
      tablesChecked: [],
      reindexed: [],
      notes: [],
    };
    let damaged: Damage[];
    if (await hasAmcheck(client, createExtension, report.notes)) {
      report.method = 'amcheck';
      damaged = [...(await checkIndexes(client, spec, report)), ...(await checkTables(client, heap, report))];
    } else damaged = await readChecksums(client, report);
    if (damaged.length === 0) return report;
    throw new RerailError(
      'database-corrupt',
      `${spec.database} is damaged: ${shorten(damaged)
        .map(({ name, message }) => `${name}: ${message}`)
        .join('; ')}`,
      {
        remedy:
          'Build a damaged index anew (REINDEX, or name it in integrity.reindex); restore a damaged table from a checkpoint.',
        nonRetryable: true,
        details: { ...report, damaged: shorten(damaged) },
      },
    );
  });
}

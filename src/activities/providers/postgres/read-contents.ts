import type { Client } from 'pg';
import type { PostgresContents } from './postgres-state.schema.ts';
import { sha256 } from '../../../process/digests.ts';

/** The text of a row depends on these; row security would hide rows, and now fails instead. */
const SETTINGS = `
  SELECT set_config('search_path', '', false), set_config('datestyle', 'ISO', false),
    set_config('timezone', 'UTC', false), set_config('intervalstyle', 'postgres', false),
    set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '3', false),
    set_config('lc_monetary', 'C', false), set_config('row_security', 'off', false)`;

/** Of the system, of a session, or of an extension, which brings its own. */
const OURS = (catalog: string, oid: string): string => `
  n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.${catalog}'::regclass AND d.objid = ${oid} AND d.deptype = 'e')`;

const RELATIONS = `
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relpersistence <> 't' AND ${OURS('pg_class', 'c.oid')}`;

const TABLES = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name, coalesce((
    SELECT string_agg(format('%I %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull), ',' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '') AS columns
  ${RELATIONS} AND c.relkind IN ('r', 'p') ORDER BY name`;

const SEQUENCES = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name, s.last_value::text AS "lastValue", s.increment_by::text AS increment
  ${RELATIONS.replace('WHERE', 'JOIN pg_catalog.pg_sequences s ON s.schemaname = n.nspname AND s.sequencename = c.relname WHERE')}
  AND c.relkind = 'S'`;

const OBJECTS = `
  SELECT format('%s %I.%I', CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, n.nspname, c.relname) AS name,
    pg_get_viewdef(c.oid) AS definition
  ${RELATIONS} AND c.relkind IN ('v', 'm')
  UNION ALL
  SELECT format('index %I.%I', n.nspname, c.relname), pg_get_indexdef(c.oid) ${RELATIONS} AND c.relkind IN ('i', 'I')
  UNION ALL
  SELECT format('trigger %I on %I.%I', t.tgname, n.nspname, c.relname), pg_get_triggerdef(t.oid)
  ${RELATIONS.replace('WHERE', 'JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal WHERE')}
  UNION ALL
  SELECT format('constraint %I on %I.%I', o.conname, n.nspname, c.relname), pg_get_constraintdef(o.oid)
  ${RELATIONS.replace('WHERE', 'JOIN pg_catalog.pg_constraint o ON o.conrelid = c.oid WHERE')}
  UNION ALL
  SELECT format('default of %I.%I.%I', n.nspname, c.relname, a.attname), pg_get_expr(e.adbin, e.adrelid)
  ${RELATIONS.replace(
    'WHERE',
    `JOIN pg_catalog.pg_attrdef e ON e.adrelid = c.oid
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.adnum WHERE`,
  )}
  UNION ALL
  SELECT format('function %s', p.oid::regprocedure), pg_get_functiondef(p.oid)
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prokind IN ('f', 'p') AND ${OURS('pg_proc', 'p.oid')}`;

const FOREIGN_TABLES = `SELECT format('%I.%I', n.nspname, c.relname) AS name ${RELATIONS} AND c.relkind = 'f' ORDER BY name`;

const half = (from: number): string =>
  `coalesce(sum(('x' || substr(h, ${from}, 16))::bit(64)::bigint::numeric), 0)::text`;

/** Two sums over the SHA-256 of each row: the same for any order of the rows, without sorting them. */
const rowSums = (rows: string): string => `SELECT ${half(1)} AS a, ${half(17)} AS b FROM (${rows}) hashed`;

const hashOf = (bytes: string): string => `encode(sha256(${bytes}), 'hex') AS h`;

const LISTED_LARGE_OBJECTS = 2000;

export interface ReadLimits {
  /** Tables with more rows than this are counted only. */
  digestRowLimit: number;
}

/** Makes the session read the same text from the same data, whatever its user's settings are. */
export async function prepareSession(client: Client): Promise<void> {
  await client.query(SETTINGS);
}

/** Quoted names of the tables whose rows a dump holds. */
export async function listTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(TABLES);
  return rows.map(({ name }) => name);
}

export async function listForeignTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(FOREIGN_TABLES);
  return rows.map(({ name }) => name);
}

/** Moves on at any time, also within a snapshot: what is read before the dump, the dump does not fall short of. */
export async function readSequences(client: Client): Promise<PostgresContents['sequences']> {
  const { rows } = await client.query<{ name: string; lastValue: string | null; increment: string }>(SEQUENCES);
  return Object.fromEntries(rows.map(({ name, ...sequence }) => [name, sequence]));
}

async function digestRows(client: Client, query: string, values: unknown[] = []): Promise<string> {
  const { rows } = await client.query<{ a: string; b: string }>(rowSums(query), values);
  return sha256(`${rows[0]?.a}:${rows[0]?.b}`);
}

async function readTables(client: Client, { digestRowLimit }: ReadLimits): Promise<PostgresContents['tables']> {
  const { rows } = await client.query<{ name: string; columns: string }>(TABLES);
  const tables: PostgresContents['tables'] = {};
  for (const { name, columns } of rows) {
    const counted = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM ONLY ${name}`);
    const count = Number(counted.rows[0]?.rows);
    // `(r.*)` is the whole row, even where a column is called r.
    const hashed = `SELECT ${hashOf(`convert_to((r.*)::text, getdatabaseencoding())`)} FROM ONLY ${name} r`;
    const digest = count > digestRowLimit ? null : await digestRows(client, hashed);
    tables[name] = { rows: count, columns: sha256(columns), digest };
  }
  return tables;
}

async function readObjects(client: Client): Promise<PostgresContents['objects']> {
  const { rows } = await client.query<{ name: string; definition: string }>(OBJECTS);
  return Object.fromEntries(rows.map(({ name, definition }) => [name, sha256(normalize(name, definition))]));
}

/** PostgreSQL puts casts and parentheses elsewhere when a definition is made from its own text. */
function normalize(name: string, definition: string): string {
  if (name.startsWith('function ')) return definition;
  return definition.replaceAll(/::[a-z_][a-z0-9_ ."]*(\(\d+(,\d+)?\))?(\[\])*/g, '').replaceAll(/[()\s]/g, '');
}

async function readLargeObjects(
  client: Client,
  compared: readonly string[] | undefined,
): Promise<PostgresContents['largeObjects']> {
  const found = await client.query<{ count: string; ids: string[] | null }>(
    `SELECT count(*) AS count, CASE WHEN count(*) <= $1 THEN coalesce(array_agg(oid::text ORDER BY oid), '{}') END AS ids
     FROM pg_catalog.pg_largeobject_metadata`,
    [LISTED_LARGE_OBJECTS],
  );
  const { count = '0', ids = null } = found.rows[0] ?? {};
  const digested = compared ?? ids;
  return { count: Number(count), ids, digest: digested === null ? null : await digestLargeObjects(client, digested) };
}

/** Over those of the ids that are there. Null where the user may not read one of them. Needs a transaction. */
async function digestLargeObjects(client: Client, ids: readonly string[]): Promise<string | null> {
  const hashed = `SELECT ${hashOf(`convert_to(oid::text || ':', 'UTF8') || lo_get(oid)`)}
    FROM pg_catalog.pg_largeobject_metadata WHERE oid = ANY ($1::oid[])`;
  await client.query('SAVEPOINT large_objects');
  try {
    return await digestRows(client, hashed, [ids]);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    // Not allowed (42501), or an object too large for one value (54000, XX000): they are counted then.
    if (code !== '42501' && code !== '54000' && code !== 'XX000') throw error;
    await client.query('ROLLBACK TO SAVEPOINT large_objects');
    return null;
  }
}

/** All that is compared, within the transaction that the client is in. */
export async function readContents(
  client: Client,
  limits: ReadLimits,
  captured?: PostgresContents,
): Promise<PostgresContents> {
  return {
    sequences: await readSequences(client),
    tables: await readTables(client, limits),
    objects: await readObjects(client),
    largeObjects: await readLargeObjects(client, captured?.largeObjects.ids ?? undefined),
  };
}

import type { QueryConfig } from 'pg';
import { isRerailError } from '../../domain/errors.ts';
import type { Probe } from '../../domain/probe.ts';
import { withAccess } from '../providers/postgres/connection.ts';
import { judge, type Limit, type Look, type LookAt } from './look.ts';

type Spec = NonNullable<Probe['postgres']>;

const SHOWN = 100;

const shown = (value: unknown): string => {
  const text = String(value);
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
};

/** Numbers come as text where JavaScript could not hold all of them. */
function fits(value: unknown, expected: NonNullable<Spec['equals']>): boolean {
  if (typeof expected === 'number') return value !== null && Number(value) === expected;
  return String(value) === String(expected);
}

const failed = (observed: string): Look => ({ passed: false, observed, failureType: 'database' });

export const lookAtPostgres: LookAt<'postgres'> = async (spec, { timeoutMs, signal }) => {
  const { query, equals, atMost, maxConnectionsPercent, passwordFrom, tls, ...address } = spec;
  const started = Date.now();
  const limits = { programName: 'rerail-capture', connectTimeoutMs: timeoutMs, timeoutMs, signal } as const;
  const given = {
    ...address,
    ...(passwordFrom === undefined ? {} : { passwordFrom }),
    ...(tls === undefined ? {} : { tls }),
  };
  const judged: Limit[] = [];
  try {
    return await withAccess(given, limits, async (access) => {
      const client = await access.connect();
      await client.query(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${Math.ceil(timeoutMs)}`);
      if (query !== undefined) {
        // Never more than one row is fetched, however many there are.
        const text = `DECLARE rerail_look NO SCROLL CURSOR FOR ${query.replace(/;\s*$/, '')}`;
        // The extended protocol takes one statement only: none can end the transaction.
        const extended: QueryConfig & { queryMode: 'extended' } = { text, queryMode: 'extended' };
        await client.query(extended);
        const { rows } = await client.query<unknown[]>({ text: 'FETCH 1 FROM rerail_look', rowMode: 'array' });
        const value = rows[0]?.[0];
        if (value === undefined) return failed('the query found no row');
        if (equals !== undefined && !fits(value, equals))
          return failed(`the query found ${shown(value)} instead of ${shown(equals)}`);
        if (atMost !== undefined) {
          const number = Number(value ?? Number.NaN);
          if (Number.isNaN(number)) return failed(`the query found ${shown(value)}, which is no number`);
          judged.push({ what: 'the query found', value: number, unit: '', max: atMost });
        }
      }
      if (maxConnectionsPercent !== undefined) {
        const { rows } = await client.query<{ used: number; most: number }>(
          `SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::int AS used,
                  current_setting('max_connections')::int AS most`,
        );
        const { used = 0, most = 1 } = rows[0] ?? {};
        judged.push({ what: 'connections', value: (used / most) * 100, unit: '%', max: maxConnectionsPercent });
      }
      await client.query('SELECT 1');
      const answered = { what: 'answered in', value: Date.now() - started, unit: 'ms' };
      return judge([...judged, answered], 'database');
    });
  } catch (error) {
    if (isRerailError(error)) return failed(error.message);
    throw error;
  }
};

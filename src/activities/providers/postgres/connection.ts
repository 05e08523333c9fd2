import { readFile } from 'node:fs/promises';
import type { Client, ClientConfig } from 'pg';
import { codeOf, isRerailError, messageOf, RerailError } from '../../../domain/errors.ts';
import { readSecret } from '../../../process/read-secret.ts';
import { createRedactor } from '../../../telemetry/redact.ts';
import { providerFailed } from '../provider-error.ts';

export interface PostgresAddress {
  /** A host name, an address, or the directory of a Unix socket. */
  host: string;
  /** Default: 5432. */
  port?: number;
  database: string;
  user: string;
  /** Where the password is: `env:NAME` of the worker's environment, or `file:/path`. Read at each use, never kept. */
  passwordFrom?: string;
  /** Default: no TLS. `require` encrypts, `verify-full` also checks the certificate against `caFile`. */
  tls?: { mode: 'require' } | { mode: 'verify-full'; caFile: string };
}

export interface PostgresAccess {
  address: Required<Pick<PostgresAddress, 'host' | 'port' | 'database' | 'user'>>;
  /** A client on the database, or on another one of the same server. */
  connect(database?: string): Promise<Client>;
  /** The whole environment of PostgreSQL's programs; the password is in it and in no argument. */
  environment: Record<string, string>;
  redact(text: string): string;
}

export interface AccessLimits {
  /** How the server lists the sessions of the programs, as against those of our own clients. */
  programName: 'rerail-capture' | 'rerail-restore';
  connectTimeoutMs: number;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export const describeAddress = ({ host, port = 5432, database, user }: PostgresAddress): string =>
  `PostgreSQL database ${database} at ${host}:${port} as ${user}`;

/** Opens what the work needs and closes all of it afterwards, connections that the work left open included. */
export async function withAccess<T>(
  given: PostgresAddress,
  limits: AccessLimits,
  work: (access: PostgresAccess) => Promise<T>,
): Promise<T> {
  const address = { host: given.host, port: given.port ?? 5432, database: given.database, user: given.user };
  const password = given.passwordFrom === undefined ? undefined : await readSecret(given.passwordFrom);
  const redact = createRedactor(password === undefined ? [] : [password]);
  const clients: Client[] = [];
  const closeAll = (): Promise<unknown> => Promise.allSettled(clients.map((client) => client.end()));
  const onAbort = (): void => void closeAll();
  limits.signal?.addEventListener('abort', onAbort);
  try {
    limits.signal?.throwIfAborted();
    const ssl = await clientTls(given.tls);
    return await work({
      address,
      redact,
      environment: programEnvironment(given, address, password, limits),
      connect: async (database = address.database) => {
        // Loaded only here: most workers never talk to one.
        const { default: pg } = await import('pg');
        const client = new pg.Client({
          host: address.host,
          port: address.port,
          user: address.user,
          database,
          // A function, since without a value the client would look into the user's own files and environment.
          password: () => password ?? '',
          ssl,
          application_name: 'rerail',
          connectionTimeoutMillis: limits.connectTimeoutMs,
          query_timeout: limits.timeoutMs,
        });
        // A connection that breaks fails the query that runs on it; without a listener it would end the process.
        client.on('error', () => undefined);
        clients.push(client);
        await client.connect();
        return client;
      },
    });
  } catch (cause) {
    limits.signal?.throwIfAborted();
    throw explain(cause, describeAddress(given), redact);
  } finally {
    limits.signal?.removeEventListener('abort', onAbort);
    await closeAll();
  }
}

async function clientTls(tls: PostgresAddress['tls']): Promise<ClientConfig['ssl']> {
  if (tls === undefined) return false;
  if (tls.mode === 'require') return { rejectUnauthorized: false };
  return { rejectUnauthorized: true, ca: await readFile(tls.caFile, 'utf8') };
}

function programEnvironment(
  given: PostgresAddress,
  address: PostgresAccess['address'],
  password: string | undefined,
  limits: AccessLimits,
): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    LC_ALL: 'C',
    PGHOST: address.host,
    PGPORT: String(address.port),
    PGUSER: address.user,
    // Only for the eyes of the same user, and unlike a file it is gone with the program, also when we are killed.
    ...(password === undefined ? {} : { PGPASSWORD: password }),
    PGPASSFILE: NO_FILE,
    PGAPPNAME: limits.programName,
    PGCONNECT_TIMEOUT: String(Math.max(2, Math.ceil(limits.connectTimeoutMs / 1000))),
    PGSSLMODE: given.tls?.mode ?? 'disable',
    ...(given.tls?.mode === 'verify-full' ? { PGSSLROOTCERT: given.tls.caFile } : {}),
  };
}

/** Where none can be: the user's own password file is not asked. */
const NO_FILE = '/dev/null/none';

const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

/** Class 28 of SQLSTATE: who connects is not let in; 3D000: there is no such database; 42501: not allowed to. */
const isRefusal = (code: string): boolean => code.startsWith('28') || code === '3D000' || code === '42501';

function remedyFor(code: string, message: string): string {
  if (UNREACHABLE.has(code) || /timeout|terminated unexpectedly/i.test(message)) {
    return 'See that the server runs and can be reached from the worker, then try again.';
  }
  if (code.startsWith('28'))
    return 'Correct the user, the secret that passwordFrom names, or the server’s pg_hba.conf.';
  if (code === '3D000') return 'Correct the name of the database.';
  if (code === '42501') return 'Grant the user what is named, or use the owner of the database.';
  return 'Look at what the server says, and try again.';
}

function explain(cause: unknown, what: string, redact: (text: string) => string): RerailError {
  if (isRerailError(cause)) {
    const { code, remedy, details, nonRetryable } = cause;
    return new RerailError(code, redact(cause.message), {
      details,
      nonRetryable,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
  const code = codeOf(cause) ?? '';
  // Several addresses of one name fail together, with an empty message of their own.
  const message = redact(messageOf(cause) || code || 'no answer');
  return providerFailed(`${what}: ${message}${code === '' ? '' : ` (${code})`}`, {
    remedy: remedyFor(code, message),
    nonRetryable: isRefusal(code),
    details: { cause: code },
  });
}

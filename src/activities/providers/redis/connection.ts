import { readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import { codeOf, isRerailError, messageOf } from '../../../domain/errors.ts';
import { readSecret } from '../../../process/read-secret.ts';
import { createRedactor } from '../../../telemetry/redact.ts';
import { providerFailed } from '../provider-error.ts';

export interface RedisAddress {
  host: string;
  /** Default: 6379. */
  port?: number;
  /** Number of the database. Default: 0. */
  db?: number;
  username?: string;
  /** Where the password is: `env:NAME` of the worker's environment, or `file:/path`. Read at each use, never kept. */
  passwordFrom?: string;
  /** Default: no TLS. `require` encrypts, `verify-full` also checks the certificate against `caFile`. */
  tls?: { mode: 'require' } | { mode: 'verify-full'; caFile: string };
}

/** Of the fields of a probe or a service, which may hold others besides and leave some undefined. */
export function redisAddressOf(
  given: { [Key in keyof RedisAddress]?: RedisAddress[Key] | undefined } & { host: string },
): RedisAddress {
  const { host, port, db, username, passwordFrom, tls } = given;
  return {
    host,
    ...(port === undefined ? {} : { port }),
    ...(db === undefined ? {} : { db }),
    ...(username === undefined ? {} : { username }),
    ...(passwordFrom === undefined ? {} : { passwordFrom }),
    ...(tls === undefined ? {} : { tls }),
  };
}

export interface RedisServer {
  client: Redis;
  version: string;
  /** Expiry as the server stores it (Redis 7), and not counted back from the time left. */
  tellsExpiry: boolean;
}

export interface RedisLimits {
  connectTimeoutMs: number;
  /** For each command. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

const OLDEST_MAJOR = 6;

export const describeAddress = ({ host, port = 6379, db = 0 }: RedisAddress): string =>
  `Redis database ${db} at ${host}:${port}`;

/** One connection, which is not renewed: a restore that lost its server is begun again from the start. */
export async function withRedis<T>(
  address: RedisAddress,
  { connectTimeoutMs, timeoutMs, signal }: RedisLimits,
  work: (server: RedisServer) => Promise<T>,
): Promise<T> {
  const password = address.passwordFrom === undefined ? undefined : await readSecret(address.passwordFrom);
  const redact = createRedactor(password === undefined ? [] : [password]);
  const ca = address.tls?.mode === 'verify-full' ? await readFile(address.tls.caFile, 'utf8') : undefined;
  // Loaded only here: most workers never talk to one.
  const ioredis = await import('ioredis');
  const client = new ioredis.Redis({
    host: address.host,
    port: address.port ?? 6379,
    db: address.db ?? 0,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(password === undefined ? {} : { password }),
    ...(address.tls === undefined ? {} : { tls: ca === undefined ? { rejectUnauthorized: false } : { ca } }),
    protocol: 2,
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    commandTimeout: timeoutMs,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    disableClientInfo: true,
  });
  let reason: unknown;
  client.on('error', (error: unknown) => (reason ??= error));
  const onAbort = (): void => {
    client.disconnect();
  };
  signal?.addEventListener('abort', onAbort);
  try {
    signal?.throwIfAborted();
    await connectWithin(client, connectTimeoutMs);
    return await work(await checkServer(client));
  } catch (cause) {
    signal?.throwIfAborted();
    if (isRerailError(cause)) throw cause;
    throw explain(reason ?? cause, describeAddress(address), redact);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    client.disconnect();
  }
}

/** The client's own limit ends with the TCP connection; a server may accept and then say nothing. */
async function connectWithin(client: Redis, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${timeoutMs} ms (timeout)`));
    }, timeoutMs);
  });
  try {
    await Promise.race([client.connect(), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function checkServer(client: Redis): Promise<RedisServer> {
  const info = await client.info();
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const version = field('redis_version');
  const major = Number(version.split('.')[0]);
  if (!(major >= OLDEST_MAJOR)) {
    throw providerFailed(`the server is Redis ${version || 'of unknown version'}`, {
      remedy: `Use Redis ${OLDEST_MAJOR} or newer.`,
      nonRetryable: true,
    });
  }
  if (field('cluster_enabled') === '1') {
    throw providerFailed('the server is a node of a cluster, whose keys are on many nodes', {
      remedy: 'Use the backups of the cluster; this provider works with a single server.',
      nonRetryable: true,
    });
  }
  return { client, version, tellsExpiry: major >= 7 };
}

const REMEDIES: readonly [RegExp, string][] = [
  [/WRONGPASS|NOAUTH|invalid password|AUTH/, 'Correct the user name, or the secret that passwordFrom names.'],
  [/NOPERM/, 'Allow the user the commands that are named.'],
  [/OOM/, 'Raise maxmemory, or free memory in the server, and try again.'],
  [/DUMP payload/, 'Restore into the version of Redis that was captured, or a newer one.'],
  [
    /ECONN|ENOTFOUND|UNREACH|TIMEDOUT|timed? ?out|closed/i,
    'See that the server runs and can be reached from the worker, then try again.',
  ],
];

function explain(cause: unknown, what: string, redact: (text: string) => string) {
  const code = codeOf(cause);
  const message = redact(messageOf(cause) || code || 'no answer');
  const remedy = REMEDIES.find(([pattern]) => pattern.test(message))?.[1];
  return providerFailed(`${what}: ${message}`, {
    remedy: remedy ?? 'Look at what the server says, and try again.',
    nonRetryable: /WRONGPASS|NOAUTH|NOPERM|DUMP payload/.test(message),
    ...(code === undefined ? {} : { details: { cause: code } }),
  });
}

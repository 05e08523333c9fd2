import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { Client } from 'pg';
import { toMs } from '../../../domain/duration.ts';
import { codeOf, RerailError } from '../../../domain/errors.ts';
import { withRedis } from '../../providers/redis/connection.ts';
import { keysBelow } from '../../services/open-redis.ts';
import type { SandboxPlace } from '../sandbox-place.ts';
import { portsOf } from '../sandbox-ports.ts';
import { endSandboxProcess, sandboxProcess, startSandboxProcess } from '../sandbox-processes.ts';
import { modeOf, postgresProgram, recordsOf, redisAddress, secretOf } from '../sandbox-services.ts';
import { isThere, type Faults } from './fault.ts';

type Kind =
  | 'dnsFailure'
  | 'serviceErrors'
  | 'rateLimit'
  | 'redisOutOfMemory'
  | 'redisEntriesDamaged'
  | 'databaseConnectionsExhausted';

const LIMITS = { connectTimeoutMs: 3000, timeoutMs: 10_000 };
const ENTRY_BYTES = 256 * 1024;
const MOST = 400;
const WITHIN_MS = 20_000;
const EVERY_MS = 50;
const TOO_MANY = '53300';

async function portOf(place: SandboxPlace, service: string): Promise<number> {
  const port = (await portsOf(place))[service];
  if (port !== undefined) return port;
  throw new RerailError('invalid-input', `the sandbox has no service "${service}"`, {
    remedy: 'Name one of spec.sandbox.services.',
    nonRetryable: true,
  });
}

const withCache = async <T>(
  place: SandboxPlace,
  service: string,
  work: Parameters<typeof withRedis<T>>[2],
): Promise<T> => withRedis(redisAddress(place, service, await portOf(place, service)), LIMITS, work);

async function withServer(
  place: SandboxPlace,
  service: string,
  user: 'rerail' | 'app',
  work: (client: Client) => Promise<unknown>,
): Promise<void> {
  const password = await readFile(secretOf(place, service), 'utf8');
  const port = await portOf(place, service);
  const client = new Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** Whether an ordinary user gets no connection any more. */
async function isFull(place: SandboxPlace, service: string): Promise<boolean> {
  try {
    await withServer(place, service, 'app', () => Promise.resolve());
    return false;
  } catch (error) {
    if (codeOf(error) === TOO_MANY) return true;
    throw error;
  }
}

/** Of plain values: streams and the like go on while they are looked at. */
async function entriesBelow(client: Redis, prefix: string): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  for await (const keys of keysBelow(client, prefix))
    for (const key of keys) if ((await client.type(key)) === 'string') entries[key] = (await client.get(key)) ?? '';
  return entries;
}

export const readEntries = (place: SandboxPlace, service: string): Promise<Record<string, string>> =>
  withCache(place, service, ({ client }) => entriesBelow(client, ''));

async function streamsBelow(client: Redis, prefix: string): Promise<Record<string, string>> {
  const streams: Record<string, string> = {};
  for await (const keys of keysBelow(client, prefix))
    for (const key of keys) {
      if ((await client.type(key)) !== 'stream') continue;
      const entries = await client.xrange(key, '-', '+', 'COUNT', MOST);
      // A group is a list of names and values by turns, its name the first of them.
      const groups = ((await client.xinfo('GROUPS', key)) as unknown[][]).map(([, name]) => String(name));
      const pending = groups.map(async (group) => {
        const rows = (await client.xpending(key, group, '-', '+', MOST)) as [string, string, number, number][];
        return [group, rows.map(([id, consumer, , deliveries]) => [id, consumer, deliveries])];
      });
      if (entries.length + groups.length > 0)
        streams[key] = JSON.stringify({ entries, pending: await Promise.all(pending) });
    }
  return streams;
}

/** What streams hold and what of it is pending, by their names. */
export const readStreams = (place: SandboxPlace, service: string): Promise<Record<string, string>> =>
  withCache(place, service, ({ client }) => streamsBelow(client, ''));

const hogOf = (application: string, index: number): string => `.${application}-${index}`;

export const SERVICE_FAULTS: Faults<Kind> = {
  dnsFailure: {
    async inject({ service, name }, { place, kept }) {
      const file = recordsOf(place, service);
      const records = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
      const { [name]: address, ...others } = records;
      if (address === undefined) return;
      await writeFile(kept, address);
      await writeFile(file, JSON.stringify(others));
    },
    async takeBack({ service, name }, { place, kept }) {
      const file = recordsOf(place, service);
      const records = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
      await writeFile(file, JSON.stringify({ ...records, [name]: await readFile(kept, 'utf8') }));
    },
  },
  serviceErrors: {
    inject: ({ service, status }, { place }) => writeFile(modeOf(place, service), JSON.stringify({ status })),
    takeBack: ({ service }, { place }) => rm(modeOf(place, service), { force: true }),
  },
  rateLimit: {
    inject: ({ service, retryAfter }, { place }) =>
      writeFile(modeOf(place, service), JSON.stringify({ rateLimitedUntil: Date.now() + toMs(retryAfter) })),
    takeBack: ({ service }, { place }) => rm(modeOf(place, service), { force: true }),
  },
  redisOutOfMemory: {
    inject: ({ service, prefix }, { place }) =>
      withCache(place, service, async ({ client }) => {
        const value = Buffer.alloc(ENTRY_BYTES, 'x');
        for (let index = 0; index < MOST; index++) {
          try {
            await client.set(`${prefix}${index}`, value);
          } catch (error) {
            if (error instanceof Error && error.message.startsWith('OOM')) return;
            throw error;
          }
        }
      }),
    takeBack: ({ service, prefix }, { place }) =>
      withCache(place, service, async ({ client }) => {
        for await (const keys of keysBelow(client, prefix)) await client.unlink(...keys);
      }),
  },
  redisEntriesDamaged: {
    inject: ({ service, prefix }, { place, kept }) =>
      withCache(place, service, async ({ client }) => {
        const entries = (await isThere(kept))
          ? (JSON.parse(await readFile(kept, 'utf8')) as Record<string, string>)
          : await entriesBelow(client, prefix);
        if (Object.keys(entries).length === 0)
          throw new RerailError(
            'invalid-input',
            `${service} has no entry below ${prefix}: there is nothing to damage`,
            {
              remedy: 'Give the service some with spec.sandbox.services[].entries.',
              nonRetryable: true,
            },
          );
        await writeFile(kept, JSON.stringify(entries));
        for (const [key, value] of Object.entries(entries)) await client.set(key, value.slice(0, value.length / 2));
      }),
    takeBack: async ({ service }, { place, kept }) => {
      if (!(await isThere(kept))) return;
      await withCache(place, service, async ({ client }) => {
        await client.mset(JSON.parse(await readFile(kept, 'utf8')) as Record<string, string>);
      });
    },
  },
  databaseConnectionsExhausted: {
    async inject({ service, application }, { place }) {
      const psql = await postgresProgram('psql');
      const port = await portOf(place, service);
      const env = {
        PGAPPNAME: application,
        PGPASSWORD: await readFile(secretOf(place, service), 'utf8'),
        PGCONNECT_TIMEOUT: '5',
      };
      const where = ['-X', '-q', '-h', '127.0.0.1', '-p', String(port), '-U', 'app', '-d', 'postgres'];
      const until = Date.now() + WITHIN_MS;
      for (let index = 0; !(await isFull(place, service)); index++) {
        if (index >= MOST || Date.now() > until)
          throw new RerailError('setup-failed', `${service} takes connections without an end`, { nonRetryable: true });
        await startSandboxProcess(place, hogOf(application, index), [psql, ...where, '-c', 'SELECT pg_sleep(3600)'], {
          env,
        });
        // One that is on its way counts only when it is there.
        await delay(EVERY_MS);
      }
    },
    async takeBack({ service, application }, { place }) {
      // A server that works for a client does not see that it is gone. The owner's connections are kept free.
      await withServer(place, service, 'rerail', (client) =>
        client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1', [
          application,
        ]),
      );
      for (let index = 0; index < MOST; index++) {
        if (await sandboxProcess(place, hogOf(application, index)))
          await endSandboxProcess(place, hogOf(application, index));
      }
    },
  },
};

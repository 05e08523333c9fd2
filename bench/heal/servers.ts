// Servers of databases and caches that their host keeps running, looked at by a query and not by their process.
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { codeOf } from '../../src/domain/errors.ts';
import { startPostgres, startRedis, type TestServer } from '../../test/support/database-servers.ts';
import type { Patient } from './heal-world.ts';
import { endSupervised, killSupervised, LIMITS } from './supervised.ts';

/** PostgreSQL refuses to run as root, and its data belong to whoever made them. */
async function asOwnerOf(directory: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  const { uid, gid } = await stat(directory);
  return ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
}

/** From the test's own hands into those of the host; its first start there is a recovery too. */
async function supervise(
  folder: string,
  server: TestServer,
  {
    kind,
    barMs,
    argv,
    probe,
    message,
  }: { kind: string; barMs: number; argv: string[]; probe: (passwordFrom: string) => object; message: string },
): Promise<Patient> {
  const ended = once(server.process, 'exit');
  server.process.kill('SIGINT');
  await ended;
  const passwordFile = path.join(folder, `${kind}-password`);
  await writeFile(passwordFile, server.password, { mode: 0o600 });
  const answers = probe(`file:${passwordFile}`);
  return {
    kind,
    barMs,
    target: `process/${kind}`,
    component: {
      process: {
        argv,
        cwd: server.directory,
        ready: { probes: [{ name: 'answers', ...answers }] },
        restart: LIMITS,
      },
    },
    probe: answers,
    failure: { failureType: 'process', message },
    prepare: () => Promise.resolve(),
    break: () => killSupervised(folder, kind),
    async stop() {
      await endSupervised(folder);
      await server.stop();
    },
  };
}

/** It does not see that its server is gone, and while it lives no other can be started on the same data. */
const LONG_QUERY = 'SELECT count(*) FROM (SELECT generate_series(1, 100000000000)) AS numbers';
const COMPUTES_MS = 1000;

/** A PostgreSQL whose first process is killed while a query is under way in another. */
export async function killedDatabaseServer(folder: string): Promise<Patient> {
  const server = await startPostgres();
  const { port, user, password, argv, directory } = server;
  const patient = await supervise(folder, server, {
    kind: 'database-server',
    barMs: 10_000,
    argv: [...(await asOwnerOf(directory)), ...argv],
    probe: (passwordFrom) => ({ postgres: { port, user, database: 'postgres', passwordFrom } }),
    message: 'the database server was killed',
  });
  return {
    ...patient,
    async prepare() {
      const client = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
      client.on('error', () => undefined);
      try {
        await client.connect();
      } catch (error) {
        // Not started yet by its host.
        if (codeOf(error) === 'ECONNREFUSED') return;
        throw error;
      }
      void client.query(LONG_QUERY).catch(() => undefined);
      await sleep(COMPUTES_MS);
    },
  };
}

/** A Redis that is killed. */
export async function killedCacheServer(folder: string): Promise<Patient> {
  const server = await startRedis();
  return supervise(folder, server, {
    kind: 'cache-server',
    barMs: 5000,
    argv: [...server.argv],
    probe: (passwordFrom) => ({ redis: { port: server.port, passwordFrom } }),
    message: 'the cache server was killed',
  });
}

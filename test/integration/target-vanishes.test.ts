import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RecoveryReport } from '../../src/domain/report.ts';
import {
  findPostgres,
  findRedis,
  freePort,
  startPostgres,
  startRedis,
  type PostgresServer,
  type RedisServer,
} from '../support/database-servers.ts';
import { createServiceWorld, type ServiceWorld } from '../support/service-world.ts';
import { until } from '../support/until.ts';

let world: ServiceWorld;
beforeAll(async () => {
  world = await createServiceWorld();
});
afterAll(() => world.stop());

const recover = async (kind: string, type: 'database' | 'cache' | 'api_failure'): Promise<RecoveryReport> =>
  (await world.start(kind, { type })).result();
/** Of the plan that was carried out, or of one that did not help. */
const actionOf = ({ actions, failedStrategies = [] }: RecoveryReport, id: string) => {
  const all = [...actions, ...failedStrategies.flatMap((strategy) => strategy.actions)];
  const found = all.find((action) => action.id === id);
  if (!found) throw new Error(`there is no action ${id}`);
  return found;
};
const firstError = (report: RecoveryReport, id: string): string =>
  actionOf(report, id).attempts[0]?.error?.message ?? 'it did not fail';

const ESTABLISHED = '01';
/** Connections of this machine to the port. */
async function connectionsTo(port: number): Promise<string[]> {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = (await readFile('/proc/net/tcp', 'utf8'))
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/));
  return rows.filter(([, , remote = '', state]) => remote.endsWith(end) && state === ESTABLISHED).map(String);
}
const nothingLeft = (port: number): Promise<boolean> =>
  until(async () => (await connectionsTo(port)).length === 0, 'the end of all connections');

/** In the place of a server that is away: hangs up on each who asks, until so many have. */
async function refuseUntilAsked(port: number, times: number): Promise<void> {
  let asked = 0;
  const away = createServer((socket) => {
    asked += 1;
    socket.destroy();
  }).listen(port, '127.0.0.1');
  await once(away, 'listening');
  try {
    await until(() => Promise.resolve(asked >= times), `${times} questions`);
  } finally {
    away.close();
    await once(away, 'close');
  }
}

describe.skipIf(findPostgres() === undefined)('PostgreSQL that is killed while it is healed', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    await writeFile(join(world.folder, 'postgres-password'), server.password);
  });
  afterAll(() => server.stop());

  const connect = async (): Promise<pg.Client> => {
    const { port, user, password } = server;
    const one = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
    one.on('error', () => undefined);
    await one.connect();
    return one;
  };
  const sql = async <T extends pg.QueryResultRow>(text: string): Promise<T[]> => {
    const one = await connect();
    try {
      return (await one.query<T>(text)).rows;
    } finally {
      await one.end();
    }
  };
  const database = (more: object): object => ({
    ...{ port: server.port, database: 'postgres', user: server.user },
    passwordFrom: `file:${join(world.folder, 'postgres-password')}`,
    pool: { applications: ['shop'], idleInTransaction: '0ms', stuckAfter: '1h' },
    ...more,
  });
  const isBusyWith = async (statement: string): Promise<boolean> =>
    (
      await sql(
        `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '${statement}'`,
      )
    ).length > 0;

  it('does the rest of what was held when it is back, each once and in order', async () => {
    await sql('CREATE TABLE log (at bigserial, entry int)');
    const note = 'INSERT INTO log (entry) SELECT $1::int FROM pg_sleep(0.2)';
    const service = { database: database({ held: { schema: 'rerail', statements: { note } } }) };
    await world.define({ kind: 'held', service });
    const wanted = [5, 2, 6, 1, 4, 3];
    for (const entry of wanted) {
      const operation = { id: `op-${entry}`, statement: 'note', values: [entry] };
      await world.recoveries.services.holdOperation(world.nameOf('held'), operation);
    }
    const entries = async () =>
      (await sql<{ entry: number }>('SELECT entry FROM log ORDER BY at')).map((row) => row.entry);
    const handle = await world.start('held', { type: 'database' });
    await until(async () => (await entries()).length >= 2 && isBusyWith('INSERT INTO log%'), 'the middle of it');
    await server.restart(async () => void (await nothingLeft(server.port)));
    const report = await handle.result();
    expect(report.status).toBe('recovered');
    expect(actionOf(report, 'resume-operations').attempts.map(({ ok }) => ok)).toEqual([false, true]);
    expect(firstError(report, 'resume-operations')).toContain(`127.0.0.1:${server.port}`);
    expect(await entries()).toEqual(wanted);
    await nothingLeft(server.port);
  });

  it('is not called whole, and is looked at by the next recovery', async () => {
    await sql('CREATE TABLE things (n int PRIMARY KEY); INSERT INTO things SELECT generate_series(1, 100)');
    await world.define({ kind: 'whole', service: { database: database({ integrity: { createExtension: true } }) } });
    // The look waits for the table, so that the end meets it.
    const holder = await connect();
    await holder.query('BEGIN; LOCK TABLE things IN ACCESS EXCLUSIVE MODE');
    const handle = await world.start('whole', { type: 'database' });
    await until(() => isBusyWith('%bt_index_check%'), 'the look');
    const report = await new Promise<RecoveryReport>((resolve, reject) => {
      server
        .restart(async () => {
          await nothingLeft(server.port);
          resolve(await handle.result());
        })
        .catch(reject);
    });
    expect(report).toMatchObject({ status: 'escalated', verification: { verified: false } });
    expect(firstError(report, 'check-integrity')).toContain(`127.0.0.1:${server.port}`);
    const again = await recover('whole', 'database');
    expect(again.status).toBe('recovered');
    expect(actionOf(again, 'check-integrity').output).toMatchObject({ output: { method: 'amcheck' } });
    await nothingLeft(server.port);
  });
});

describe.skipIf(findRedis() === undefined)('Redis that is killed while damaged entries are removed', () => {
  const DAMAGED = 2000;
  let server: RedisServer;
  let redis: Redis;
  const open = (): Redis => new Redis({ port: server.port, password: server.password });
  beforeAll(async () => {
    server = await startRedis(['--appendonly', 'yes']);
    await writeFile(join(world.folder, 'redis-password'), server.password);
    redis = open();
    redis.on('error', () => undefined);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  it('loses the rest of them by the next recovery, and none of them is lost', async () => {
    const passwordFrom = `file:${join(world.folder, 'redis-password')}`;
    const entries = [{ prefix: 'item:', json: true }];
    const cache = { port: server.port, passwordFrom, entries, maxRemoved: DAMAGED };
    await world.define({ kind: 'cache', service: { cache } });
    const damaged = Array.from({ length: DAMAGED }, (_, index) => `item:damaged:${index}`);
    await redis.mset(
      Object.fromEntries([...damaged.map((key) => [key, '{']), ['item:whole', '{}']]) as Record<string, string>,
    );
    const aside = () => redis.keys('rerail:aside:*');
    const handle = await world.start('cache', { type: 'cache' });
    await until(async () => (await aside()).length >= 20, 'the first of them');
    // What writes waits from now on.
    await redis.client('PAUSE', 60_000, 'WRITE');
    expect((await aside()).length).toBeLessThan(DAMAGED);
    redis.disconnect();
    const ended = once(server.process, 'exit');
    server.process.kill('SIGKILL');
    await ended;
    await nothingLeft(server.port);
    // The undo asks for it again and again; nobody is called before that has taken long.
    await refuseUntilAsked(server.port, 4);
    await server.startAgain();
    redis = open();
    const report = await handle.result();
    expect(firstError(report, 'clear-corrupt')).toContain(`127.0.0.1:${server.port}`);
    expect(report).toMatchObject({ status: 'escalated', verification: { verified: false } });
    // What it had removed is back: it did not get to its end.
    expect(report.compensations).toMatchObject([{ actionId: 'clear-corrupt', ok: true }]);
    expect([await redis.exists(...damaged), await aside()]).toEqual([DAMAGED, []]);
    const again = await recover('cache', 'cache');
    expect(again.status).toBe('recovered');
    expect(actionOf(again, 'clear-corrupt').output).toMatchObject({ output: { removed: DAMAGED, changed: 0 } });
    expect([await redis.exists(...damaged), (await aside()).length]).toEqual([0, DAMAGED]);
    expect(await redis.get('item:whole')).toBe('{}');
    await until(async () => (await connectionsTo(server.port)).length === 1, 'the end of all but our own');
  });
});

describe('an API that is killed while its traffic comes back', () => {
  const PROGRAM = `require('node:http').createServer((_q, r) => r.end('{}')).listen(Number(process.argv[1]), '127.0.0.1')`;
  let api: ChildProcess | undefined;
  const startApi = (port: number): void => {
    api = spawn(process.execPath, ['-e', PROGRAM, String(port)], { stdio: 'ignore' });
  };
  const killApi = async (): Promise<void> => {
    if (!api) return;
    const ended = once(api, 'exit');
    api.kill('SIGKILL');
    await ended;
    api = undefined;
  };
  afterEach(killApi);

  it('has its traffic taken back at once, and gets it by the next recovery', async () => {
    const port = await freePort();
    const health = { url: `http://127.0.0.1:${port}/healthz` };
    const isUp = () =>
      fetch(health.url).then(
        ({ ok }) => ok,
        () => false,
      );
    const define = (looks: number) =>
      world.define({ kind: 'api', service: { api: { health, restore: { looks, every: '5ms' } } } });
    const percent = async () => (await world.recoveries.services.status(world.nameOf('api'))).trafficPercent;
    await define(100);
    startApi(port);
    await until(isUp, 'the API');
    const handle = await world.start('api', { type: 'api_failure' });
    await until(async () => (await percent().catch(() => 0)) === 50, 'half of the traffic');
    await killApi();
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'escalated', verification: { verified: false } });
    expect(firstError(report, 'restore')).toContain(`127.0.0.1:${port}`);
    expect(await percent()).toBe(10);
    const { changes } = await world.recoveries.services.status(world.nameOf('api'));
    expect(changes.map(({ reason }) => reason).join()).toContain('it failed at 50 %');
    await nothingLeft(port);
    startApi(port);
    await define(2);
    await until(isUp, 'the API again');
    expect((await recover('api', 'api_failure')).status).toBe('recovered');
    expect(await percent()).toBe(100);
  });
});

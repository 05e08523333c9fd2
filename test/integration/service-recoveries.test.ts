import { randomUUID } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RecoveryClient } from '../../src/client/recovery-client.ts';
import { createServiceState } from '../../src/client/service-watch.ts';
import type { FailureInput } from '../../src/domain/failure.ts';
import {
  findPostgres,
  findRedis,
  startPostgres,
  startRedis,
  type PostgresServer,
  type TestServer,
} from '../support/database-servers.ts';
import { createServiceWorld, type ServiceWorld } from '../support/service-world.ts';
import { until } from '../support/until.ts';

let world: ServiceWorld;
let folder: string;
let client: Client;
let recoveries: RecoveryClient;
let api: Server;
/** What the API answers, one after the other; the last one stays. */
let answers: { status: number; headers?: Record<string, string> }[] = [{ status: 200 }];
let asked: string[] = [];

/** Until then it takes nothing at `/limited…`, and says how many seconds are left. */
let limitedUntil = 0;
/** When a recovery asked there. */
let recoveryAsked: number[] = [];

let activities: ServiceWorld['activities'];

const nameOf = (kind: string): string => world.nameOf(kind);
const targetOf = (kind: string): string => world.targetOf(kind);
const define = (...given: Parameters<ServiceWorld['define']>): Promise<void> => world.define(...given);
const recover = async (kind: string, failure: Partial<FailureInput>) => {
  const report = await (await world.start(kind, failure)).result();
  const outputs = Object.fromEntries(report.actions.map((action) => [action.id, action.output])) as Record<
    string,
    { output?: unknown } | null
  >;
  return {
    status: report.status,
    actions: report.actions.map((action) => `${action.id} ${action.status}`),
    output: (action: string) => outputs[action]?.output,
  };
};

beforeAll(async () => {
  api = createServer((request, response) => {
    const left = request.url?.startsWith('/limited') ? limitedUntil - Date.now() : 0;
    if (request.url === '/limited/health') recoveryAsked.push(Date.now());
    if (left > 0) {
      response.writeHead(429, { 'ratelimit-reset': String(Math.ceil(left / 1000)) }).end('{}');
      return;
    }
    asked.push(`${request.method} ${request.url}`);
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? { status: 200 };
    response.writeHead(answer.status, answer.headers).end('{}');
  }).listen(0, '127.0.0.1');
  await once(api, 'listening');
  world = await createServiceWorld();
  ({ folder, client, recoveries, activities } = world);
});
afterAll(async () => {
  await world.stop();
  api.close();
});

describe('an API', () => {
  const url = (path: string): string => `http://127.0.0.1:${(api.address() as AddressInfo).port}${path}`;
  const restore = { looks: 2, every: '1ms' };
  beforeEach(() => {
    asked = [];
    answers = [{ status: 200 }];
  });

  it('that answers 500 and then well gets its traffic back in steps', async () => {
    const rate = { perSecond: 200 };
    await define({
      kind: 'api',
      service: {
        api: {
          health: { url: url('/healthz') },
          errorCache: { http: { method: 'DELETE', url: url('/errors') } },
          rate,
          restore,
        },
      },
      more: { breaker: nameOf('api'), degradedWhileRecovering: true },
    });
    // check-health sees the error; the cache of errors answers well; 10 % fails, and the second try does not.
    answers = [{ status: 500 }, { status: 204 }, { status: 500 }, { status: 200 }];
    const breaker = nameOf('api');
    const by = { by: 'ada', reason: 'a test' };
    await recoveries.breakers.configure(breaker, { ...by, settings: { waitDurationInOpenState: '1h' } });
    const results = Array.from({ length: 5 }, () => ({ ok: false, durationMs: 1 }));
    await recoveries.breakers.report(breaker, { id: randomUUID(), by: 'callers', generation: 1, results });
    expect(await recoveries.breakers.status(breaker)).toMatchObject({ state: 'OPEN' });
    const { status, actions } = await recover('api', { type: 'api_failure' });
    expect(actions).toContain('reset-breaker succeeded');
    const { state: now, changes } = await recoveries.breakers.status(breaker);
    expect([now, changes.at(-1)?.by]).toEqual(['CLOSED', `recovery/${targetOf('api')}`]);
    expect(status).toBe('recovered');
    expect(actions).toContain('restore succeeded');
    expect(actions).toContain('clear-error-cache succeeded');
    expect(asked[1]).toBe('DELETE /errors');
    const state = await until(async () => {
      const now = await recoveries.services.status(nameOf('api'));
      return !now.degraded && now;
    }, 'the end of the degradation');
    expect(state).toMatchObject({ trafficPercent: 100, ratePerSecond: 200, degraded: false });
    expect(state.changes.map(({ what }) => what)).toEqual([
      'degraded',
      'traffic at 10 %',
      'traffic at 10 %',
      'traffic at 10 %',
      'traffic at 50 %',
      'traffic at 100 %',
      'restored',
    ]);
  });

  it('that takes no more is waited for as it says, and asked less often', async () => {
    const rate = { perSecond: 100, quietPeriod: '1h' };
    await define({ kind: 'limited', service: { api: { health: { url: url('/healthz') }, rate, restore } } });
    const { status, actions } = await recover('limited', {
      ...{ type: 'rate_limit', httpStatus: 429, message: 'HTTP 429', retryAfter: '1ms' },
    });
    expect(status).toBe('recovered');
    expect(actions).toContain('adjust-rate succeeded');
    const state = createServiceState({ client, taskQueue: recoveries.taskQueue });
    const service = state.watch(nameOf('limited'));
    expect(
      await until(async () => (await service.current()).version > 0 && service.current(), 'the rate'),
    ).toMatchObject({
      degraded: false,
      ratePerSecond: 50,
      stale: false,
    });
    service.close();
  });

  it('that a monitor finds limited is not asked by its recovery before the time that it names', async () => {
    const api = { health: { url: url('/limited/health') }, rate: { perSecond: 100 }, restore };
    await define({ kind: 'found', service: { api } });
    const checks = [{ name: 'limited', probe: { http: { url: url('/limited/monitor') } }, periodSeconds: 0.1 }];
    limitedUntil = Date.now() + 4000;
    recoveryAsked = [];
    const hand = { by: 'ada', reason: 'a test' };
    const monitor = { apiVersion: 'rerail/v1', kind: 'Monitor', metadata: { name: nameOf('found') } } as const;
    await recoveries.monitors.start(
      { ...monitor, spec: { target: targetOf('found'), checks } },
      { ...hand, defaultHost: recoveries.taskQueue },
    );
    try {
      const handle = recoveries.getHandle(targetOf('found'));
      await until(() => handle.describe().catch(() => undefined), 'the recovery');
      const { status, failure, plan } = await handle.result();
      expect({ status, retryAfter: failure.retryAfter }).toEqual({
        status: 'recovered',
        retryAfter: expect.stringMatching(/^\d+ms$/) as string,
      });
      expect(plan?.playbook.name).toBe('service-rate-limit');
      expect(Math.min(...recoveryAsked)).toBeGreaterThanOrEqual(limitedUntil);
    } finally {
      await recoveries.monitors.stop(nameOf('found'), hand);
    }
  });

  it('that stays ill is not called recovered, and is no longer shown as degraded', async () => {
    answers = [{ status: 500 }];
    await define({
      kind: 'gone',
      service: { api: { health: { url: url('/healthz') }, restore } },
      more: { degradedWhileRecovering: true },
    });
    const { status } = await recover('gone', { type: 'api_failure' });
    expect(status).not.toBe('recovered');
    await until(async () => !(await recoveries.services.status(nameOf('gone'))).degraded, 'the end of the degradation');
  });
});

describe.skipIf(findPostgres() === undefined)('a database', () => {
  let server: PostgresServer;
  const sql = async <T extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<T[]> => {
    const { port, user, password } = server;
    const one = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
    await one.connect();
    try {
      return (await one.query<T>(text, values)).rows;
    } finally {
      await one.end();
    }
  };
  const database = (more: object = {}): object => ({
    port: server.port,
    database: 'postgres',
    user: server.user,
    passwordFrom: `file:${join(folder, 'postgres-password')}`,
    pool: { applications: ['shop'], idleInTransaction: '0ms', stuckAfter: '1h' },
    ...more,
  });

  beforeAll(async () => {
    server = await startPostgres();
    await writeFile(join(folder, 'postgres-password'), server.password);
  });
  afterAll(() => server.stop());

  const open1 = async (application_name: string): Promise<pg.Client> => {
    const { port, user, password } = server;
    const one = new pg.Client({ host: '127.0.0.1', port, user, password, database: 'postgres', application_name });
    one.on('error', () => undefined);
    await one.connect();
    return one;
  };

  it('whose sessions are stuck gets rid of those of the named application only', async () => {
    await define({ kind: 'pool', service: { database: database() } });
    const [stuck, other, busy] = await Promise.all([open1('shop'), open1('reports'), open1('shop')]);
    await Promise.all([stuck.query('BEGIN'), other.query('BEGIN')]);
    const { status, output } = await recover('pool', { type: 'database' });
    expect(status).toBe('recovered');
    expect(output('reset-pool')).toMatchObject({
      ended: [{ application: 'shop', state: 'idle in transaction' }],
      left: 0,
    });
    await expect(stuck.query('SELECT 1')).rejects.toThrow();
    expect((await other.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect((await busy.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await Promise.all([other.end(), busy.end()]);
    await until(async () => (await recoveries.services.status(nameOf('pool'))).resets === 1, 'the call to open anew');
  });

  it('is refused a reset where no application is named', async () => {
    const input = { name: nameOf('bare'), service: { database: database({ pool: undefined }) } };
    await expect(activities.resetConnectionPool(input)).rejects.toMatchObject({ type: 'service-refused' });
  });

  it('that was killed, and whose index is damaged, is well again, and does what was held once and in order', async () => {
    await sql('CREATE TABLE numbers (n int); INSERT INTO numbers SELECT generate_series(1, 5000)');
    await sql('CREATE INDEX numbers_n ON numbers (n); CREATE TABLE log (entry text, at bigserial)');
    const [place] = await sql<{ path: string }>("SELECT pg_relation_filepath('numbers_n') AS path");
    await sql('CHECKPOINT');
    await define({
      kind: 'orders',
      service: {
        database: database({
          integrity: { createExtension: true, reindex: ['public.numbers_n'] },
          held: { schema: 'rerail', statements: { note: 'INSERT INTO log (entry) VALUES ($1)' } },
        }),
      },
      more: {
        probes: [
          {
            name: 'up',
            postgres: { ...database({ pool: undefined }), query: 'SELECT count(*) FROM log', equals: 3 },
          },
        ],
      },
    });
    const state = createServiceState({ client, taskQueue: recoveries.taskQueue });
    let waiting: Promise<unknown> | undefined;
    await server.restart(async () => {
      for (const entry of ['a', 'b', 'c', 'a'])
        await state.holdOperation(nameOf('orders'), { id: `op-${entry}`, statement: 'note', values: [entry] });
      // In the header of the second page: where its items end.
      const file = await open(join(server.directory, 'data', place?.path ?? ''), 'r+');
      await file.write(Buffer.from([0xff, 0xff]), 0, 2, 8192 + 12);
      await file.close();
      const input = { name: nameOf('orders'), service: { database: database({ connectWithin: '100s' }) } };
      waiting = activities.resetConnectionPool(input);
    });
    expect(await waiting).toMatchObject({ ended: [], left: 0 });
    const { status, output } = await recover('orders', { type: 'database' });
    expect(status).toBe('recovered');
    expect(output('check-integrity')).toMatchObject({ method: 'amcheck', reindexed: ['public.numbers_n'] });
    expect(await sql('SELECT entry FROM log ORDER BY at')).toEqual([{ entry: 'a' }, { entry: 'b' }, { entry: 'c' }]);
    expect(await sql('SELECT count(*)::int AS n FROM numbers WHERE n = 4321')).toEqual([{ n: 1 }]);
    // Once more changes nothing, also when an operation is held again under its id.
    await state.holdOperation(nameOf('orders'), { id: 'op-a', statement: 'note', values: ['a'] });
    expect((await recover('orders', { type: 'database' })).status).toBe('recovered');
    expect(await sql('SELECT count(*)::int AS n FROM log')).toEqual([{ n: 3 }]);
    expect((await recoveries.services.status(nameOf('orders'))).held).toBe(0);
  });

  it('does held operations in order and once with several workers at it, and stops at one that fails', async () => {
    await sql('CREATE TABLE steps (at bigserial, entry int CHECK (entry <> 13))');
    const held = { schema: 'rerail', statements: { step: 'INSERT INTO steps (entry) VALUES ($1)' } };
    const input = { name: nameOf('steps'), service: { database: database({ held }) } };
    const hold = (entry: number) =>
      recoveries.services.holdOperation(input.name, { id: `step-${entry}`, statement: 'step', values: [entry] });
    for (const entry of [3, 1, 2, 5, 4]) await hold(entry);
    const runs = await Promise.all([1, 2, 3].map(() => activities.resumeOperations(input)));
    expect(runs.reduce((sum, { done }) => sum + done, 0)).toBe(5);
    const entries = async () =>
      (await sql<{ entry: number }>('SELECT entry FROM steps ORDER BY at')).map((row) => row.entry);
    expect(await entries()).toEqual([3, 1, 2, 5, 4]);
    for (const entry of [13, 14]) await hold(entry);
    await expect(activities.resumeOperations(input)).rejects.toMatchObject({ type: 'held-operation-failed' });
    expect(await entries()).toHaveLength(5);
    expect((await recoveries.services.status(input.name)).held).toBe(0);
    // A person takes it out; the one behind it gets its turn.
    await sql("UPDATE rerail.rerail_held_operations SET done_at = now() WHERE id = 'step-13'");
    expect(await activities.resumeOperations(input)).toEqual({ done: 1, taken: 0 });
    expect(await entries()).toEqual([3, 1, 2, 5, 4, 14]);
  });
});

describe.skipIf(findRedis() === undefined)('Redis', () => {
  let server: TestServer;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    await writeFile(join(folder, 'redis-password'), server.password);
    redis = new Redis({ port: server.port, password: server.password });
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  const address = () => ({ port: server.port, passwordFrom: `file:${join(folder, 'redis-password')}` });

  it('as a cache loses its damaged entries and gets them back from the loader', async () => {
    const loader = `console.log(JSON.stringify({'user:1': {name: 'ada'}, 'user:2': {name: 'bob'}}))`;
    const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
    await define({
      kind: 'cache',
      service: {
        cache: {
          ...address(),
          entries: [{ prefix: 'user:', schema }],
          load: { command: [process.execPath, '-e', loader] },
        },
      },
    });
    await redis.mset({ 'user:1': '{"name":', 'user:2': '{"name":"old"}', 'user:3': '{"nam":1}', other: '{' });
    const { status, output } = await recover('cache', { type: 'cache' });
    expect(status).toBe('recovered');
    expect(output('clear-corrupt')).toMatchObject({ looked: 3, removed: 2, changed: 0 });
    expect(output('rebuild')).toEqual({ loaded: 2, written: 1, present: 1 });
    expect(await redis.mget('user:1', 'user:2', 'user:3', 'other')).toEqual([
      '{"name":"ada"}',
      '{"name":"old"}',
      null,
      '{',
    ]);
  });

  it('as a cache keeps everything where nothing may be removed, or what was removed comes back', async () => {
    await redis.set('item:1', '{', 'PX', 3_600_000);
    await redis.set('item:2', 'x');
    await redis.hset('item:3', 'a', 'b');
    const entries = [{ prefix: 'item:', json: true }];
    const inputOf = (more: object) => ({ name: nameOf('cache'), service: { cache: { ...address(), ...more } } });
    for (const refused of [inputOf({}), inputOf({ entries, maxRemoved: 2 })])
      await expect(activities.clearCorruptEntries(refused)).rejects.toMatchObject({ type: 'service-refused' });
    expect(await redis.exists('item:1', 'item:2', 'item:3')).toBe(3);
    expect(await activities.clearCorruptEntries(inputOf({ entries }))).toMatchObject({ removed: 3, changed: 0 });
    expect(await redis.exists('item:1', 'item:2', 'item:3')).toBe(0);
    expect(await activities.clearCorruptEntries(inputOf({ entries }))).toMatchObject({ looked: 0, removed: 0 });
    expect(await activities.putEntriesBack(inputOf({ entries }))).toEqual({ putBack: 3, replaced: 0 });
    expect([await redis.get('item:1'), await redis.get('item:2'), await redis.hgetall('item:3')]).toEqual([
      '{',
      'x',
      { a: 'b' },
    ]);
    expect(await redis.pttl('item:1')).toBeGreaterThan(0);
    expect(await redis.pttl('item:2')).toBe(-1);
    expect(await redis.keys('rerail:aside:*:item:*')).toEqual([]);
  });

  it('as a queue hands on what a dead consumer holds and puts aside what nobody can take', async () => {
    const [stream, group, deadLetter] = ['jobs', 'workers', 'jobs-dead'];
    await redis.xgroup('CREATE', stream, group, '$', 'MKSTREAM');
    const ids: string[] = [];
    for (const job of ['one', 'two', 'bad']) ids.push((await redis.xadd(stream, '*', 'job', job)) ?? '');
    await redis.xreadgroup('GROUP', group, 'dead', 'COUNT', 3, 'STREAMS', stream, '>');
    // The idle time is set, not waited for.
    const old = ['IDLE', 3_600_000] as const;
    await redis.xclaim(stream, group, 'dead', 0, ids[0] ?? '', ids[1] ?? '', ...old, 'JUSTID');
    await redis.xclaim(stream, group, 'dead', 0, ids[2] ?? '', ...old, 'RETRYCOUNT', 9, 'JUSTID');
    const queue = { ...address(), stream, group, deadAfter: '30m', claimTo: 'alive', poison: { deadLetter } };
    await define({ kind: 'queue', service: { queue } });
    const { status, output } = await recover('queue', { code: 'queue-stuck' });
    expect(status).toBe('recovered');
    expect(output('heal-queue')).toMatchObject({ claimed: 2, poisoned: { count: 1 }, vanished: 0, left: 0 });
    const pending = (await redis.xpending(stream, group, '-', '+', 10)) as [string, string, number, number][];
    expect(pending.map(([entry, consumer]) => [entry, consumer])).toEqual([
      [ids[0], 'alive'],
      [ids[1], 'alive'],
    ]);
    const [dead] = await redis.xrange(deadLetter, '-', '+');
    expect(dead?.[1].slice(0, 2)).toEqual(['job', 'bad']);
    expect(dead?.[1]).toContain('delivered 9 times, more than 5');
    // What was put aside is pending again, as it was.
    await redis.xclaim(stream, group, 'dead', 0, ids[0] ?? '', ...old, 'RETRYCOUNT', 7, 'JUSTID');
    const input = { name: nameOf('queue'), service: { queue } };
    expect(await activities.healQueue(input)).toMatchObject({ claimed: 0, poisoned: { count: 1 } });
    expect(await activities.undoHealQueue(input)).toEqual({ movedBack: 1 });
    expect(await activities.undoHealQueue(input)).toEqual({ movedBack: 0 });
    const [again] = (await redis.xpending(stream, group, ids[0] ?? '', ids[0] ?? '', 1)) as [
      string,
      string,
      number,
      number,
    ][];
    expect([again?.[0], again?.[1], again?.[3]]).toEqual([ids[0], 'dead', 7]);
    expect(await redis.xlen(deadLetter)).toBe(1);
  });
});

import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres, startRedis } from '../../test/support/database-servers.ts';
import type { Patient } from './heal-world.ts';

const HOUR_MS = 3_600_000;
const nothing = (): Promise<void> => Promise.resolve();

async function listen(answer: RequestListener): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** An API that goes on answering with the error that it remembers, until it is told to forget it. */
export async function failingApi(): Promise<Patient> {
  let remembered = false;
  const { url, stop } = await listen((request, response) => {
    if (request.method === 'DELETE') remembered = false;
    response.writeHead(remembered ? 500 : 200).end('{}');
  });
  const api = {
    health: { url: `${url}/healthz` },
    errorCache: { http: { method: 'DELETE', url: `${url}/errors` } },
    restore: { steps: [50, 100], looks: 2, every: '100ms' },
  };
  return {
    kind: 'api',
    barMs: 5000,
    target: 'service/api',
    component: { service: { api } },
    probe: { http: api.health },
    failure: { failureType: 'api_failure', message: 'the API answers 500' },
    prepare: nothing,
    break() {
      remembered = true;
      return Promise.resolve();
    },
    stop,
  };
}

/** An API that takes no more requests for a while, and says for how long. */
export async function limitedApi(): Promise<Patient> {
  let until = 0;
  const { url, stop } = await listen((_request, response) => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left > 0) response.writeHead(429, { 'retry-after': String(left) }).end('{}');
    else response.end('{}');
  });
  const health = { url: `${url}/healthz` };
  return {
    kind: 'rate',
    barMs: 30_000,
    target: 'service/rate',
    component: { service: { api: { health, rate: { perSecond: 100 }, restore: { looks: 2, every: '100ms' } } } },
    probe: { http: health },
    failure: { failureType: 'rate_limit', message: 'the API answers 429' },
    prepare: nothing,
    break() {
      until = Date.now() + 4000;
      return Promise.resolve();
    },
    stop,
  };
}

/** A database whose connections are used up by transactions that nobody ends. */
export async function exhaustedPool(folder: string): Promise<Patient> {
  const server = await startPostgres(['max_connections=20']);
  const passwordFile = path.join(folder, 'postgres-password');
  await writeFile(passwordFile, server.password, { mode: 0o600 });
  const { port, user, password } = server;
  const address = { port, database: 'postgres', user, passwordFrom: `file:${passwordFile}` };
  const open: pg.Client[] = [];
  const hold = async (): Promise<void> => {
    const one = new pg.Client({
      host: '127.0.0.1',
      port,
      user,
      password,
      database: 'postgres',
      application_name: 'shop',
    });
    one.on('error', () => undefined);
    await one.connect();
    await one.query('BEGIN');
    open.push(one);
  };
  return {
    kind: 'database',
    barMs: 10_000,
    target: 'service/database',
    component: {
      service: { database: { ...address, pool: { applications: ['shop'], idleInTransaction: '100ms' } } },
    },
    probe: { postgres: { ...address, maxConnectionsPercent: 70 } },
    failure: { failureType: 'database', message: 'the connections are used up' },
    prepare: nothing,
    async break() {
      open.length = 0;
      await Promise.all(Array.from({ length: 15 }, hold));
    },
    stop: () => server.stop(),
  };
}

async function connectRedis(folder: string, kind: string) {
  const server = await startRedis();
  const passwordFile = path.join(folder, `${kind}-password`);
  await writeFile(passwordFile, server.password, { mode: 0o600 });
  const redis = new Redis({ port: server.port, password: server.password });
  return {
    redis,
    address: { port: server.port, passwordFrom: `file:${passwordFile}` },
    stop: async (): Promise<void> => {
      redis.disconnect();
      await server.stop();
    },
  };
}

/** A cache with a damaged entry, which has lost another. */
export async function damagedCache(folder: string): Promise<Patient> {
  const { redis, address, stop } = await connectRedis(folder, 'cache');
  const load = [process.execPath, '-e', `console.log('{"user:1":{"name":"ada"},"user:2":{"name":"bob"}}')`];
  const fill = (): Promise<unknown> => redis.mset({ 'user:1': '{"name":"ada"}', 'user:2': '{"name":"bob"}' });
  await fill();
  return {
    kind: 'cache',
    barMs: 10_000,
    target: 'service/cache',
    component: {
      service: { cache: { ...address, entries: [{ prefix: 'user:', json: true }], load: { command: load } } },
    },
    probe: { redis: { ...address, key: 'user:1' } },
    failure: { failureType: 'cache', message: 'the cache has lost its entries' },
    prepare: nothing,
    async break() {
      await redis.multi().del('user:1').set('user:2', '{"name":').exec();
    },
    stop,
  };
}

/** A stream one of whose two consumers has died with what it was given; the other does what it is handed. */
export async function stuckQueue(folder: string): Promise<Patient> {
  const { redis, address, stop } = await connectRedis(folder, 'queue');
  const [stream, group] = ['jobs', 'workers'] as const;
  await redis.xgroup('CREATE', stream, group, '$', 'MKSTREAM');
  const alive = setInterval(() => {
    void redis.xreadgroup('GROUP', group, 'alive', 'COUNT', 10, 'STREAMS', stream, '0').then(async (answer) => {
      for (const [, entries] of (answer ?? []) as [string, [string, string[]][]][])
        for (const [id] of entries) await redis.xack(stream, group, id);
    });
  }, 100);
  return {
    kind: 'queue',
    barMs: 10_000,
    target: 'service/queue',
    component: { service: { queue: { ...address, stream, group, deadAfter: '30m', claimTo: 'alive' } } },
    probe: { queue: { ...address, stream, group, maxPendingAge: '10m' } },
    failure: { code: 'queue-stuck', message: 'a consumer has died with its entries' },
    prepare: nothing,
    async break() {
      const id = (await redis.xadd(stream, `${Date.now() - HOUR_MS}-0`, 'job', 'one')) ?? '';
      await redis.xreadgroup('GROUP', group, 'dead', 'COUNT', 1, 'STREAMS', stream, '>');
      await redis.xclaim(stream, group, 'dead', 0, id, 'IDLE', HOUR_MS, 'JUSTID');
    },
    async stop() {
      clearInterval(alive);
      await stop();
    },
  };
}

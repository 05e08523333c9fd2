import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runProbe } from '../../src/activities/probes/run-probe.ts';
import { ProbeReadingSchema, ProbeSchema } from '../../src/domain/probe.schema.ts';
import {
  findPostgres,
  findRedis,
  freePort,
  startPostgres,
  startRedis,
  type TestServer,
} from '../support/database-servers.ts';

const look = async (given: object) =>
  ProbeReadingSchema.parse(await runProbe(ProbeSchema.parse({ name: 'p', timeout: '5s', ...given })));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rerail-probes-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a process probe', () => {
  test('finds a living process by name, owner, argument and pid file, and misses it when it is gone', async () => {
    const child = spawn('sleep', ['987654'], { stdio: 'ignore' });
    const pidFile = path.join(folder, 'sleep.pid');
    writeFileSync(pidFile, `${child.pid ?? 0}\n`);
    const by = { command: 'sleep', argvContains: '987654', owner: userInfo().username };
    expect(await look({ process: { ...by, pidFile } })).toMatchObject({ passed: true, unit: 'bytes' });
    expect(await look({ process: by })).toMatchObject({ passed: true });
    expect(await look({ process: { ...by, minCount: 2 } })).toMatchObject({
      passed: false,
      observed: '1 of 2 processes',
    });
    expect(await look({ process: { ...by, maxMemoryBytes: 1 } })).toMatchObject({
      passed: false,
      failureType: 'resource_exhaustion',
    });
    expect(await look({ memory: { process: by, maxBytes: 1 } })).toMatchObject({ passed: false });
    expect(await look({ process: { ...by, owner: 'nobody' } })).toMatchObject({ passed: false });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    const miss = { passed: false, observed: 'no such process', failureType: 'crashed' };
    expect(await look({ process: { pidFile } })).toMatchObject(miss);
    expect(await look({ memory: { process: by } })).toMatchObject(miss);
    writeFileSync(pidFile, 'garbage');
    expect(await look({ process: { pidFile } })).toMatchObject(miss);
    expect(await look({ process: { pidFile: `${pidFile}.none` } })).toMatchObject(miss);
  });
});

describe('probes of the machine', () => {
  test.each([
    [{ memory: { maxPercent: 100 } }, true],
    [{ memory: { maxPercent: 0.001 } }, false],
    [{ memory: { minFreeBytes: 2 ** 52 } }, false],
    [{ disk: { path: '/', maxPercent: 100 } }, true],
    [{ disk: { path: '/', minFreeBytes: 2 ** 52 } }, false],
    [{ disk: { path: '/tmp', minFreeInodes: 1 } }, true],
    [{ disk: { path: '/not/there' } }, false],
    [{ cpu: { maxPercent: 100, sample: '20ms' } }, true],
    [{ cpu: { maxLoadPerCore: 100_000 } }, true],
    [{ eventLoop: { maxDelayMs: 60_000, sample: '60ms' } }, true],
    [{ eventLoop: { maxDelayMs: 0.000_001, sample: '60ms' } }, false],
  ])('%j: %s', async (probe, passed) => {
    expect(await look(probe)).toMatchObject({ passed });
  });

  test('sees an event loop that is held up for the whole of its sample', async () => {
    const looking = look({ eventLoop: { maxDelayMs: 100, sample: '60ms' } });
    await new Promise(setImmediate);
    for (const until = Date.now() + 400; Date.now() < until;);
    expect(await looking).toMatchObject({ passed: false });
  });

  test('says what was measured, and what it means', async () => {
    expect(await look({ memory: { maxPercent: 0.001 } })).toMatchObject({
      unit: '%',
      value: expect.any(Number) as number,
      failureType: 'resource_exhaustion',
      observed: expect.stringMatching(/^memory used [\d.]+ % \(at most 0\.001\)$/) as string,
    });
  });
});

describe('a git probe', () => {
  test('sees branch, changes, a merge in progress and a lock that was left behind', async () => {
    const root = path.join(folder, 'repository');
    mkdirSync(root);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: root, stdio: 'pipe' });
    expect(await look({ git: { path: root } })).toMatchObject({ passed: false, failureType: 'git' });
    git('init', '-b', 'main');
    writeFileSync(path.join(root, 'a'), '1');
    git('add', 'a');
    git('commit', '-m', 'one');
    expect(await look({ git: { path: root, clean: true, branch: 'main' } })).toMatchObject({
      passed: true,
      observed: 'on main, clean',
    });
    expect(await look({ git: { path: root, branch: 'other' } })).toMatchObject({ passed: false });
    writeFileSync(path.join(root, 'new'), '1');
    expect(await look({ git: { path: root, clean: 'tracked' } })).toMatchObject({ passed: true });
    expect(await look({ git: { path: root, clean: true } })).toMatchObject({ passed: false, value: 1 });
    const lock = path.join(root, '.git', 'index.lock');
    writeFileSync(lock, '');
    expect(await look({ git: { path: root } })).toMatchObject({ passed: true });
    utimesSync(lock, new Date(0), new Date(0));
    expect((await look({ git: { path: root } })).observed).toMatch(/^index.lock is \d+ s old/);
    writeFileSync(path.join(root, '.git', 'MERGE_HEAD'), '');
    expect((await look({ git: { path: root } })).observed).toContain('MERGE_HEAD');
    rmSync(root, { recursive: true });
    expect(await look({ git: { path: root } })).toMatchObject({ passed: false });
  });
});

describe.skipIf(findPostgres() === undefined)('a postgres probe', () => {
  let server: TestServer;
  let postgres: object;
  beforeAll(async () => {
    server = await startPostgres();
    process.env['RERAIL_TEST_PROBE_PG'] = server.password;
    postgres = { port: server.port, database: 'postgres', user: 'rerail', passwordFrom: 'env:RERAIL_TEST_PROBE_PG' };
  });
  afterAll(() => server.stop());

  test.each([
    [{}, true, /^answered in/],
    [{ query: 'SELECT 41 + 1', equals: 42 }, true, /./],
    [{ query: 'SELECT 41 + 1;', equals: 43 }, false, /found "42" instead of "43"/],
    [{ query: 'SELECT generate_series(1, 1000000000)', atMost: 1 }, true, /./],
    [{ query: 'SELECT 7', atMost: 5 }, false, /the query found 7 \(at most 5\)/],
    [{ query: "SELECT 'garbage'", atMost: 5 }, false, /no number/],
    [{ query: 'SELECT 1 WHERE false' }, false, /no row/],
    [{ query: 'SELECT 1; COMMIT; CREATE TABLE oops (i int)' }, false, /multiple commands/],
    [{ query: 'nonsense' }, false, /syntax error/],
    [{ maxConnectionsPercent: 100 }, true, /connections/],
    [{ maxConnectionsPercent: 0.001 }, false, /connections/],
    [{ passwordFrom: 'env:RERAIL_TEST_NOT_SET' }, false, /not set/],
  ])('%j: %s', async (more, passed, observed) => {
    const reading = await look({ postgres: { ...postgres, ...more } });
    expect(reading.observed).toMatch(observed);
    expect(reading).toMatchObject({ passed, ...(passed ? {} : { failureType: 'database' }) });
  });

  test('is bounded, says nothing of the password, and leaves no connection behind', async () => {
    const slow = await look({ timeout: '300ms', postgres: { ...postgres, query: 'SELECT pg_sleep(60)' } });
    expect(slow.passed).toBe(false);
    expect(slow.durationMs).toBeLessThan(2500);
    process.env['RERAIL_TEST_PROBE_BAD'] = 'not-the-pass';
    const refused = await look({ postgres: { ...postgres, passwordFrom: 'env:RERAIL_TEST_PROBE_BAD' } });
    expect(refused.passed).toBe(false);
    expect(refused.observed).not.toContain('not-the-pass');
    await Promise.all(Array.from({ length: 20 }, () => look({ postgres })));
    const client = new Client({
      host: '127.0.0.1',
      port: server.port,
      user: 'rerail',
      password: server.password,
      database: 'postgres',
    });
    await client.connect();
    await expect
      .poll(async () => {
        const { rows } = await client.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'rerail'");
        return rows.length;
      })
      .toBe(0);
    await client.end();
    expect(await look({ postgres: { ...postgres, port: await freePort() } })).toMatchObject({
      passed: false,
      failureType: 'database',
    });
  });
});

describe.skipIf(findRedis() === undefined)('redis and queue probes', () => {
  let server: TestServer;
  let address: object;
  let client: Redis;
  beforeAll(async () => {
    server = await startRedis();
    process.env['RERAIL_TEST_PROBE_REDIS'] = server.password;
    address = { port: server.port, passwordFrom: 'env:RERAIL_TEST_PROBE_REDIS' };
    client = new Redis({ port: server.port, password: server.password });
    await client.set('there', '1');
    await client.xgroup('CREATE', 'jobs', 'workers', '$', 'MKSTREAM');
    for (let i = 0; i < 5; i++) await client.xadd('jobs', i === 0 ? '1-1' : '*', 'n', String(i));
    await client.xgroup('SETID', 'jobs', 'workers', '0');
    await client.xreadgroup('GROUP', 'workers', 'one', 'COUNT', 1, 'STREAMS', 'jobs', '>');
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  test.each([
    [{ redis: {} }, true, /^answered in/],
    [{ redis: { key: 'there' } }, true, /./],
    [{ redis: { key: 'gone' } }, false, /no key "gone"/],
    [{ redis: { maxMemoryBytes: 1 } }, false, /memory used/],
    [{ redis: { passwordFrom: 'env:RERAIL_TEST_NOT_SET' } }, false, /not set/],
    [{ queue: { stream: 'jobs', maxLength: 5 } }, true, /length 5/],
    [{ queue: { stream: 'jobs', maxLength: 4 } }, false, /length 5 entries \(at most 4\)/],
    [{ queue: { stream: 'jobs', group: 'workers', maxLag: 3 } }, false, /lag 4/],
    [{ queue: { stream: 'jobs', group: 'workers', maxPendingAge: '1h' } }, false, /oldest pending/],
    [{ queue: { stream: 'jobs', group: 'nobody', maxLag: 3 } }, false, /no group nobody/],
    [{ queue: { stream: 'none' } }, false, /no stream none/],
    [{ queue: { stream: 'there' } }, false, /there is a string/],
  ])('%j: %s', async (given, passed, observed) => {
    const [[kind, spec]] = Object.entries(given) as [[string, object]];
    const reading = await look({ [kind]: { ...address, ...spec } });
    expect(reading.observed).toMatch(observed);
    expect(reading.passed).toBe(passed);
  });
});

describe('looks that would not end', () => {
  /** Takes connections and never says anything, or says garbage without an end. */
  let silent: Server;
  let flooding: Server;
  const sockets = new Set<Socket>();
  const listen = (server: Server): Promise<number> =>
    new Promise((resolve) => {
      server.on('connection', (socket) => {
        sockets.add(
          socket
            .resume()
            .on('error', () => undefined)
            .on('close', () => sockets.delete(socket)),
        );
      });
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
  let ports: { silent: number; flooding: number };
  beforeAll(async () => {
    silent = createServer();
    flooding = createServer((socket) => {
      const flood = (): void => {
        while (socket.writable && socket.write(Buffer.alloc(65_536, 'x')));
      };
      socket.on('drain', flood);
      flood();
    });
    ports = { silent: await listen(silent), flooding: await listen(flooding) };
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    flooding.close();
  });

  test.each(['silent', 'flooding'] as const)('a %s server fails every kind in time', async (server) => {
    const port = ports[server];
    const readings = await Promise.all(
      [
        { http: { url: `http://127.0.0.1:${port}` } },
        { postgres: { port, database: 'd', user: 'u' } },
        { redis: { port } },
        { queue: { port, stream: 's' } },
      ].map((given) => look({ timeout: '300ms', ...given })),
    );
    expect(readings.map(({ passed }) => passed)).toEqual([false, false, false, false]);
    for (const { durationMs } of readings) expect(durationMs).toBeLessThan(2500);
    await expect.poll(() => sockets.size).toBe(0);
  });

  test('a command that floods is a short reading', async () => {
    const reading = await look({ timeout: '300ms', workspace: '/', command: { argv: ['yes', 'x'.repeat(1000)] } });
    expect(reading).toMatchObject({ passed: false, failureType: 'timeout' });
  });

  test('thousands of looks leave no handle behind', async () => {
    const port = await freePort();
    const root = path.join(folder, 'none');
    const round = () =>
      Promise.all(
        [
          { tcp: { port } },
          { tcp: { port: ports.silent } },
          { file: { path: '/etc/hostname' }, workspace: '/' },
          { process: { command: 'no-such-thing', pidFile: path.join(folder, 'none.pid') } },
          { memory: {} },
          { disk: {} },
          { git: { path: root } },
        ].map(look),
      );
    await round();
    const before = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 200; i++) await round();
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before + 2);
  });
});

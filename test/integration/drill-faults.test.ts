import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { Resolver } from 'node:dns/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { git } from '../../src/activities/drills/faults/git-program.ts';
import { FAULTS, injectFault } from '../../src/activities/drills/faults/registry.ts';
import { sandboxProcess } from '../../src/activities/drills/sandbox-processes.ts';
import { askTmux } from '../../src/activities/drills/sandbox-sessions.ts';
import { withRedis } from '../../src/activities/providers/redis/connection.ts';
import { DrillFaultSchema } from '../../src/domain/drill-fault.schema.ts';
import { FAULT_KINDS } from '../../src/domain/drill.ts';
import { expectRemoved, openDrillSandbox } from '../support/drill-sandbox.ts';
import { childrenOf, stopProcess } from '../support/processes.ts';
import { until } from '../support/until.ts';

const ID = 'drill/faults/1/run';
let dataDir = '';

beforeAll(async () => {
  dataDir = await realpath(await mkdtemp(path.join(tmpdir(), 'rerail-faults-')));
});
afterEach(() => expectRemoved({ dataDir, id: ID }));
afterAll(() => rm(dataDir, { recursive: true, force: true }));

interface Rejected {
  code: string;
  message: string;
}

/** What the work ends with; that it works is the failure here. */
const rejection = (work: Promise<unknown>): Promise<Rejected> =>
  work.then(
    () => {
      throw new Error('it worked');
    },
    (error: unknown) => error as Rejected,
  );

const open = (given: object) => openDrillSandbox({ dataDir, id: ID }, given);

describe('the faults of a drill', () => {
  it('all have an undo', () => {
    expect(Object.keys(FAULTS).sort()).toEqual([...FAULT_KINDS].sort());
    for (const fault of Object.values(FAULTS)) expect(Object.keys(fault).sort()).toEqual(['inject', 'takeBack']);
  });

  it('break files and repositories, and put them back', async () => {
    const box = await open({ files: { 'a.txt': 'as it was\n', 'lib/b.txt': 'b\n' }, git: true });
    const read = () => readFile(box.at('a.txt'), 'utf8');
    const changes = [
      { type: 'writeFile', path: 'a.txt', content: 'wrong' },
      { type: 'deleteFile', path: 'a.txt' },
      { type: 'flipBit', path: 'a.txt' },
    ];
    for (const fault of changes) {
      await box.during(fault, async () => expect(await read().catch(() => '')).not.toBe('as it was\n'));
      expect(await read()).toBe('as it was\n');
    }
    await box.during({ type: 'permissionDenied', path: 'a.txt' }, async () => {
      expect(['EPERM', 'EACCES']).toContain(await rejection(writeFile(box.at('a.txt'), 'x')).then(({ code }) => code));
    });
    await writeFile(box.at('a.txt'), 'as it was\n');
    await box.during({ type: 'componentDisabled', path: 'lib' }, async () => {
      expect(await readdir(box.place.work)).not.toContain('lib');
    });
    expect(await readFile(box.at('lib/b.txt'), 'utf8')).toBe('b\n');
    await box.during({ type: 'gitMissingObject', path: 'a.txt' }, async () => {
      await rejection(git(box.place.work, ['cat-file', '-p', 'HEAD:a.txt']));
    });
    expect(await git(box.place.work, ['cat-file', '-p', 'HEAD:a.txt'])).toBe('as it was\n');
  });

  it('stay in place until their sandbox goes, also where nobody may write', async () => {
    const box = await open({ files: { 'a.txt': 'a' } });
    await injectFault(box.place, 0, { type: 'permissionDenied', path: 'a.txt' });
  });

  it('break connections', async () => {
    const box = await open({ services: [{ kind: 'http', name: 'api' }], proxies: [{ name: 'front', to: 'api' }] });
    const ask = async (): Promise<string> => {
      const url = `http://127.0.0.1:${box.port('front')}/`;
      // A connection of its own each time: one that is kept open would not see what happens to new ones.
      const init = { signal: AbortSignal.timeout(400), headers: { connection: 'close' } };
      return fetch(url, init).then(
        (answer) => answer.text(),
        () => 'broken',
      );
    };
    expect(await ask()).toBe('ok\n');
    const faults = [
      { type: 'networkLatency', latency: 2000 },
      { type: 'networkCut' },
      { type: 'networkReset' },
      { type: 'networkHalfOpen', bytes: 10 },
      { type: 'networkLoss', share: 1 },
      { type: 'portClosed' },
    ];
    for (const fault of faults) {
      await box.during({ ...fault, proxy: 'front' }, async () => expect(await ask(), fault.type).toBe('broken'));
      await until(async () => (await ask()) === 'ok\n', `the end of ${fault.type}`);
    }
  });

  it('break services', async () => {
    const box = await open({
      services: [
        { kind: 'http', name: 'api' },
        { kind: 'dns', name: 'names', records: { 'api.drill': '127.0.0.1' } },
        {
          kind: 'redis',
          name: 'cache',
          maxMemoryBytes: 8 * 1024 * 1024,
          entries: { 'price:1': '{"cents":1}', other: 'ab' },
        },
        { kind: 'postgres', name: 'db', maxConnections: 8 },
      ],
    });
    const ask = () => fetch(`http://127.0.0.1:${box.port('api')}/`, { headers: { connection: 'close' } });
    await box.during({ type: 'serviceErrors', service: 'api' }, async () => expect((await ask()).status).toBe(503));
    await box.during({ type: 'rateLimit', service: 'api', retryAfter: '30s' }, async () => {
      const { status, headers } = await ask();
      expect([status, Number(headers.get('retry-after')) > 20]).toEqual([429, true]);
    });
    expect((await ask()).status).toBe(200);
    const resolver = new Resolver({ timeout: 2000 });
    resolver.setServers([`127.0.0.1:${box.port('names')}`]);
    await until(async () => (await resolver.resolve4('api.drill').catch(() => []))[0] === '127.0.0.1', 'the resolver');
    await box.during({ type: 'dnsFailure', service: 'names', name: 'api.drill' }, async () => {
      expect((await rejection(resolver.resolve4('api.drill'))).code).toBe('ENOTFOUND');
    });
    expect(await resolver.resolve4('api.drill')).toEqual(['127.0.0.1']);
    const secret = (name: string) => path.join(box.place.secrets, name);
    const cache = { host: '127.0.0.1', port: box.port('cache'), db: 0, passwordFrom: `file:${secret('cache')}` };
    const set = () =>
      withRedis(cache, { connectTimeoutMs: 2000, timeoutMs: 2000 }, ({ client }) =>
        client.set('a', Buffer.alloc(300_000)),
      );
    await box.during({ type: 'redisOutOfMemory', service: 'cache' }, async () => {
      expect((await rejection(set())).message).toContain('OOM');
    });
    expect(await set()).toBe('OK');
    const entries = () =>
      withRedis(cache, { connectTimeoutMs: 2000, timeoutMs: 2000 }, ({ client }) => client.mget('price:1', 'other'));
    await box.during({ type: 'redisEntriesDamaged', service: 'cache', prefix: 'price:' }, async () =>
      expect(await entries()).toEqual(['{"cen', 'ab']),
    );
    expect(await entries()).toEqual(['{"cents":1}', 'ab']);
    const password = await readFile(secret('db'), 'utf8');
    const connect = async () => {
      const client = new Client({
        host: '127.0.0.1',
        port: box.port('db'),
        user: 'app',
        password,
        database: 'postgres',
      });
      await client.connect();
      await client.end();
    };
    await box.during({ type: 'databaseConnectionsExhausted', service: 'db' }, async () => {
      expect((await rejection(connect())).code).toBe('53300');
    });
    await until(
      () =>
        connect().then(
          () => true,
          () => false,
        ),
      'a free connection',
    );
    // What it leaves behind on a busy machine, and what would hold its memory: a part that does not see its end.
    const db = await sandboxProcess(box.place, 'db');
    const [part] = await childrenOf(db?.pid ?? 0);
    await stopProcess(part ?? 0);
    await box.during({ type: 'killService', service: 'db' }, async () => {
      expect((await rejection(connect())).code).toBe('ECONNREFUSED');
    });
    await until(
      () =>
        connect().then(
          () => true,
          () => false,
        ),
      'the database',
    );
  });

  it('break terminal sessions', async () => {
    const box = await open({ sessions: [{ name: 'agent', windows: ['work', 'logs'], attached: true }] });
    const list = async (...words: string[]) => (await askTmux(box.place, words))?.trim();
    await box.during({ type: 'clientDetached', session: 'agent' }, async () => {
      await until(async () => (await list('list-clients', '-t', '=agent')) === '', 'the end of the client');
    });
    await box.during({ type: 'sessionFrozen', session: 'agent' }, () => Promise.resolve());
    await box.during({ type: 'windowKilled', session: 'agent', window: 'logs' }, async () => {
      expect(await list('list-windows', '-t', '=agent', '-F', '#{window_name}')).toBe('work');
    });
    await box.during({ type: 'tmuxServerKilled' }, async () => {
      expect(await list('list-sessions')).toBeUndefined();
    });
  });

  it('use up disk, processor and memory, within what the drill has', async () => {
    const box = await open({
      disks: [{ path: 'disk', bytes: 1024 * 1024 }],
      processes: [
        { name: 'clock', argv: ['node', '-e', 'console.log(new Date().getFullYear());setInterval(()=>{},1e6)'] },
      ],
    });
    await box.during({ type: 'diskFull', disk: 'disk' }, async () => {
      expect((await rejection(writeFile(box.at('disk/more'), 'x'.repeat(10_000)))).code).toBe('ENOSPC');
    });
    await writeFile(box.at('disk/more'), 'x'.repeat(10_000));
    const outside = await rejection(injectFault(box.place, 9, DrillFaultSchema.parse({ type: 'diskFull', disk: '.' })));
    expect(outside.message).toContain('a disk of its own');
    for (const [type, name] of [
      ['cpuExhaustion', '.stress-cpu-19'],
      ['memoryExhaustion', '.stress-memory'],
    ] as const) {
      await box.during({ type, limit: '20s' }, async () => expect(await sandboxProcess(box.place, name)).toBeDefined());
      expect(await sandboxProcess(box.place, name)).toBeUndefined();
    }
    const log = () => readFile(path.join(box.place.logs, 'clock.log'), 'utf8');
    const year = String(new Date().getFullYear());
    await until(async () => (await log()) === `${year}\n`, 'the right year');
    await box.during({ type: 'clockSkew', process: 'clock', by: '+1000d' }, async () => {
      await until(async () => (await log()).trim().split('\n').length === 2, 'the wrong year');
      expect((await log()).trim().endsWith(year)).toBe(false);
    });
  });
});

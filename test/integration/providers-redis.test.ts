import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRedisProvider } from '../../src/activities/providers/index.ts';
import type {
  CheckpointProvider,
  ProviderCapture,
  RedisProviderOptions,
} from '../../src/activities/providers/index.ts';
import { captureKeys } from '../../src/activities/providers/redis/capture-keys.ts';
import { compareKeys } from '../../src/activities/providers/redis/compare-keys.ts';
import { restoreKeys } from '../../src/activities/providers/redis/restore-keys.ts';
import type { RerailError } from '../../src/domain/errors.ts';
import { findRedis, freePort, makeCertificate, startRedis } from '../support/database-servers.ts';
import type { TestServer } from '../support/database-servers.ts';
import { failure } from '../support/rejection.ts';

const SECRET = 'RERAIL_TEST_REDIS_PASSWORD';
const BINARY = Buffer.from([0, 255, 10, 13, 42, 128]);

describe.skipIf(findRedis() === undefined)('createRedisProvider', () => {
  let server: TestServer;
  let client: Redis;
  let directory = '';
  let number = 0;

  const provider = (options: Partial<RedisProviderOptions> = {}): CheckpointProvider =>
    createRedisProvider({
      name: 'cache',
      host: '127.0.0.1',
      port: server.port,
      passwordFrom: `env:${SECRET}`,
      ...(options.wholeDatabase ? {} : { prefixes: ['app:'] }),
      connectTimeoutMs: 2000,
      ...options,
    });
  const capture = (of = provider()): Promise<ProviderCapture> => {
    number += 1;
    const own = join(directory, String(number));
    mkdirSync(own, { mode: 0o700 });
    return of.capture({ directory: own });
  };
  const binaryKey = Buffer.concat([Buffer.from('app:'), BINARY]);

  const fill = async (): Promise<void> => {
    const pipeline = client.pipeline();
    pipeline.set('app:text', 'hello').set('app:number', 42).set(binaryKey, BINARY).set('app:long', 'x'.repeat(100_000));
    pipeline
      .hset('app:hash', { a: 1, b: 'two' })
      .rpush('app:list', 'c', 'b', 'a', BINARY)
      .sadd('app:set', 'x', 'y', BINARY);
    pipeline.zadd('app:zset', 1.5, 'a', -2, 'b', '+inf', 'c').xadd('app:stream', '1-1', 'field', 'value');
    pipeline.xadd('app:stream', '2-1', 'field', BINARY).xgroup('CREATE', 'app:stream', 'readers', '0');
    pipeline.xreadgroup('GROUP', 'readers', 'one', 'COUNT', 1, 'STREAMS', 'app:stream', '>');
    pipeline.hset('app:big-hash', Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`f${n}`, `v${n}`])));
    pipeline.sadd('app:big-set', ...Array.from({ length: 2000 }, (_, n) => `member ${n}`));
    pipeline.zadd('app:big-zset', ...Array.from({ length: 2000 }, (_, n) => [n / 7, `m${n}`]).flat());
    pipeline.set('app:expiring', 'soon', 'PX', 3_600_000).set('other:key', 'foreign').set('app', 'no colon');
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  };

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis({ port: server.port, password: server.password, protocol: 2 });
  });
  afterAll(async () => {
    client?.disconnect();
    await server?.stop();
  });
  beforeEach(async () => {
    process.env[SECRET] = server.password;
    directory = mkdtempSync(join(tmpdir(), 'rerail-test-dumps-'));
    await client.flushall();
    await fill();
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('brings back every type with binary keys and values and expiries, and touches no foreign key', async () => {
    const captured = await capture();
    expect(captured.state).toMatchObject({
      pointInTime: false,
      keys: 13,
      expiring: 1,
      prefixes: [{ prefix: 'app:', keys: 13 }],
    });
    expect(statSync(captured.file ?? '').mode & 0o777).toBe(0o600);
    expect(await provider().plan(captured)).toEqual([]);
    expect(await provider().verify(captured)).toEqual([]);
    const expiry = await client.pexpiretime('app:expiring');

    await client.del('app:text', 'app:stream', 'app:big-set', binaryKey);
    await client.hset('app:hash', 'a', 'changed');
    await client.lset('app:list', 0, 'changed');
    await client.persist('app:expiring');
    await client.set('app:later', 'new');
    await client.set('other:key', 'moved on');
    const changes = (await provider().plan(captured)).map(({ item, change }) => `${change} ${item}`);
    expect(changes.sort()).toEqual([
      'create key "app:big-set"',
      'create key "app:stream"',
      'create key "app:text"',
      `create key base64 ${binaryKey.toString('base64')}`,
      'delete key "app:later"',
      'replace key "app:hash"',
      'replace key "app:list"',
      'set its expiry key "app:expiring"',
    ]);
    expect(await client.get('app:later')).toBe('new');

    for (let round = 0; round < 2; round += 1) {
      await provider().restore(captured);
      expect(await provider().verify(captured)).toEqual([]);
    }
    expect(await client.getBuffer(binaryKey)).toEqual(BINARY);
    expect(await client.lrangeBuffer('app:list', 0, -1)).toEqual([
      ...['c', 'b', 'a'].map((text) => Buffer.from(text)),
      BINARY,
    ]);
    expect(await client.hgetall('app:hash')).toEqual({ a: '1', b: 'two' });
    expect(await client.zrange('app:zset', '0', '-1', 'WITHSCORES')).toEqual(['b', '-2', 'a', '1.5', 'c', 'inf']);
    expect(await client.xlen('app:stream')).toBe(2);
    expect(await client.xpending('app:stream', 'readers')).toEqual([1, '1-1', '1-1', [['one', '1']]]);
    expect(await client.pexpiretime('app:expiring')).toBe(expiry);
    expect(await client.exists('app:later')).toBe(0);
    expect(await client.mget('other:key', 'app')).toEqual(['moved on', 'no colon']);
  });

  it('finds what was altered after a restore: a value, an expiry, a member, a new key', async () => {
    const captured = await capture();
    await provider().restore(captured);
    await client.append('app:text', '!');
    await client.sadd('app:big-set', 'one more');
    await client.pexpire('app:expiring', 1_000_000);
    await client.set('app:new', 1);
    await client.zincrby('app:big-zset', 0.001, 'm5');
    expect((await provider().verify(captured)).sort()).toEqual([
      'key "app:big-set" has other content',
      'key "app:big-zset" has other content',
      'key "app:expiring" expires at another time',
      'key "app:new" was not captured',
      'key "app:text" has other content',
    ]);
  });

  it('takes values for equal however the server encodes them', async () => {
    // Shrunk, they keep the encoding of large ones until they are restored.
    await client.hdel('app:big-hash', ...Array.from({ length: 1990 }, (_, n) => `f${n}`));
    await client.srem('app:big-set', ...Array.from({ length: 1990 }, (_, n) => `member ${n}`));
    const captured = await capture();
    const dumped = await client.dumpBuffer('app:big-hash');
    await provider().restore(captured);
    expect(await client.dumpBuffer('app:big-hash')).not.toEqual(dumped);
    expect(await provider().verify(captured)).toEqual([]);
    expect((await capture()).state).toEqual(captured.state);
  });

  it('does not miss a key whose time is up, and does not bring it back', async () => {
    await client.set('app:brief', 'x', 'PX', 300);
    const captured = await capture();
    expect(captured.state).toMatchObject({ expiring: 2 });
    await expect.poll(() => client.exists('app:brief')).toBe(0);
    expect(await provider().verify(captured)).toEqual([]);
    await provider().restore(captured);
    expect(await client.exists('app:brief')).toBe(0);
    expect(await provider().verify(captured)).toEqual([]);
  });

  it('carries ten thousand keys, several prefixes and characters of patterns', async () => {
    const pipeline = client.pipeline();
    for (let n = 0; n < 10_000; n += 1) pipeline.set(`many:${n}`, `value ${n}`, 'PX', 3_600_000 + n);
    pipeline.set('od[d]*:1', 'a').set('odd:2', 'b').set('many:sub:1', 'c');
    await pipeline.exec();
    const wide = provider({ prefixes: ['many:', 'many:sub:', 'od[d]*:'] });
    const captured = await capture(wide);
    expect(captured.state).toMatchObject({
      keys: 10_002,
      expiring: 10_000,
      prefixes: [
        { prefix: 'many:', keys: 10_001 },
        { prefix: 'od[d]*:', keys: 1 },
      ],
    });
    await client.flushall();
    await client.set('odd:2', 'stays');
    const plan = await wide.plan(captured);
    expect(plan).toHaveLength(1001);
    expect(plan.at(-1)).toEqual({ item: '9002 more keys', change: 'create, replace or delete' });
    await wide.restore(captured);
    expect(await wide.verify(captured)).toEqual([]);
    expect(await client.get('many:9999')).toBe('value 9999');
    expect(await client.get('odd:2')).toBe('stays');
  });

  it('is undone by a capture made before', async () => {
    const captured = await capture();
    await client.flushall();
    await client.set('app:present', 'p');
    const backup = await capture();
    await provider().restore(captured);
    await provider().restore(backup);
    expect(await client.keys('*')).toEqual(['app:present']);
    expect(await provider().verify(backup)).toEqual([]);
  });

  it('takes a whole database only when told to', async () => {
    for (const options of [
      { prefixes: [] },
      { prefixes: ['a', ''] },
      { prefixes: ['a'], wholeDatabase: true as const },
    ]) {
      expect(() => provider(options)).toThrow(/prefix/);
    }
    const whole = provider({ wholeDatabase: true });
    const captured = await capture(whole);
    expect(captured.state).toMatchObject({ keys: 15 });
    await client.flushall();
    await whole.restore(captured);
    expect(await whole.verify(captured)).toEqual([]);
  });

  it('refuses a damaged dump before it changes anything, and one with keys of others', async () => {
    const many = Array.from({ length: 500 }, (_, n) => `app:many:${n}`);
    await client.mset(Object.fromEntries(many.map((key) => [key, 'captured'])));
    const captured = await capture();
    const file = captured.file ?? '';
    const bytes = readFileSync(file);
    await client.mset(Object.fromEntries(many.map((key) => [key, 'present'])));
    for (const at of [3, 20, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 0x40;
      for (const damaged of [flipped, bytes.subarray(0, at)]) {
        writeFileSync(file, damaged);
        expect(await failure(provider().restore(captured))).toMatchObject({ code: 'checkpoint-corrupt' });
      }
    }
    writeFileSync(file, bytes);
    const narrow = await failure(provider({ prefixes: ['other:'] }).restore(captured));
    expect(narrow.message).toContain('outside of the prefixes');
    expect(new Set(await client.mget(many))).toEqual(new Set(['present']));
    const large = await failure(capture(provider({ maxValueBytes: 1000 })));
    expect(large.message).toContain('could not be restored');
  });

  it('speaks TLS, and checks the certificate when told to', async () => {
    const files = mkdtempSync(join(tmpdir(), 'rerail-test-tls-'));
    const { key, certificate } = makeCertificate(files, 'own');
    const port = await freePort();
    const settings = ['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key];
    const strict = await startRedis([...settings, '--tls-ca-cert-file', certificate, '--tls-auth-clients', 'no']);
    try {
      const over = (tls: RedisProviderOptions['tls']) => capture(provider({ host: 'localhost', port, tls }));
      expect((await over({ mode: 'require' })).state).toMatchObject({ keys: 0 });
      expect((await over({ mode: 'verify-full', caFile: certificate })).state).toMatchObject({ keys: 0 });
      const { certificate: other } = makeCertificate(files, 'other');
      await expect(over({ mode: 'verify-full', caFile: other })).rejects.toThrow(/certificate|signed/i);
    } finally {
      await strict.stop();
      rmSync(files, { recursive: true, force: true });
    }
  });

  it('counts expiries back from the time left where the server does not tell them, as Redis 6', async () => {
    const old = { client, version: '6.0.16', tellsExpiry: false };
    const file = join(directory, 'old.dump');
    const state = await captureKeys(old, { prefixes: ['app:'], file, maxValueBytes: 1e9 });
    expect(state).toMatchObject({ expiring: 1 });
    const expiry = await client.pexpiretime('app:expiring');
    await client.del('app:expiring');
    await restoreKeys(old, ['app:'], file);
    expect(Math.abs((await client.pexpiretime('app:expiring')) - expiry)).toBeLessThan(50);
    const differences = async () => {
      const found: string[] = [];
      for await (const { difference } of compareKeys(old, ['app:'], file)) found.push(difference);
      return found;
    };
    expect(await differences()).toEqual([]);
    await client.pexpireat('app:expiring', expiry + 5000);
    expect(await differences()).toEqual(['expiry']);
  });

  describe('says clearly and soon what is wrong, without the password', () => {
    const within = async (work: Promise<unknown>): Promise<RerailError> => {
      const started = Date.now();
      const error = await failure(work);
      expect(Date.now() - started).toBeLessThan(10_000);
      const text = JSON.stringify([error.message, error.remedy, error.details, error.stack, String(error.cause)]);
      for (const secret of [server.password, 'wrong-pass']) expect(text).not.toContain(secret);
      return error;
    };

    it('a wrong password, and none', async () => {
      process.env[SECRET] = 'wrong-pass';
      const wrong = await within(capture());
      expect(wrong).toMatchObject({
        code: 'provider-failed',
        nonRetryable: true,
        remedy: expect.stringContaining('passwordFrom'),
      });
      expect(wrong.message).toContain('WRONGPASS');
      const none = await within(
        capture(createRedisProvider({ name: 'c', host: '127.0.0.1', port: server.port, prefixes: ['a'] })),
      );
      expect(none.message).toContain('NOAUTH');
    });

    it('a server that is down, and one that accepts and says nothing', async () => {
      const down = await within(capture(provider({ port: await freePort() })));
      expect(down).toMatchObject({ code: 'provider-failed', nonRetryable: false });
      expect(down.message).toContain('ECONNREFUSED');
      server.process.kill('SIGSTOP');
      try {
        const silent = await within(capture(provider({ connectTimeoutMs: 500 })));
        expect(silent.remedy).toContain('See that the server runs');
      } finally {
        server.process.kill('SIGCONT');
      }
    });

    it('a cancelled capture', async () => {
      const controller = new AbortController();
      controller.abort(new Error('stop'));
      const own = join(directory, 'cancelled');
      mkdirSync(own);
      await expect(provider().capture({ directory: own, signal: controller.signal })).rejects.toThrow('stop');
    });
  });
});

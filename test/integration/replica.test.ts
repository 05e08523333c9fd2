import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../src/domain/ids.ts';
import { digestFile } from '../../src/store/digest-file.ts';
import type { Replica } from '../../src/store/replica/replica.ts';
import { fetchReplicated, replicaKey, replicate } from '../../src/store/replica/replicate-checkpoint.ts';
import type { S3ReplicaOptions } from '../../src/store/replica/s3-client.ts';
import { createS3Replica } from '../../src/store/replica/s3-replica.ts';
import { S3_CREDENTIALS, startS3Server } from '../support/s3-server.ts';
import type { S3Server } from '../support/s3-server.ts';
import { shout, startTamperingProxy } from '../support/tampering-proxy.ts';
import type { Tampering } from '../support/tampering-proxy.ts';
import { fillTree, flip, makeBench, makeInfo, openActivities, restoreOrder, snapshot } from './checkpoint-fixtures.ts';
import type { Bench } from './checkpoint-fixtures.ts';

const SERVER_BUILD_MS = 20 * 60_000;
const MIB = 1024 ** 2;

let server: S3Server;
let bucket: string;
let directory: string;
let tempDir: string;
const opened: Replica[] = [];
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startS3Server();
}, SERVER_BUILD_MS);
afterAll(() => server?.close());

let buckets = 0;
beforeEach(async () => {
  buckets += 1;
  bucket = `bucket-${String(buckets)}`;
  await server.createBucket(bucket);
  directory = await mkdtemp(join(tmpdir(), 'rerail-replica-'));
  tempDir = join(directory, 'temp');
});
afterEach(async () => {
  for (const replica of opened.splice(0)) await replica.close();
  for (const close of closers.splice(0)) await close();
  await rm(directory, { recursive: true, force: true });
});

function openReplica(options: Partial<S3ReplicaOptions> = {}): Replica {
  const { endpoint } = server;
  const replica = createS3Replica({ bucket, endpoint, credentials: S3_CREDENTIALS, ...options });
  opened.push(replica);
  return replica;
}

async function openThrough(port: number | undefined, tampering: Tampering, options: Partial<S3ReplicaOptions> = {}) {
  const proxy = await startTamperingProxy(port, tampering);
  closers.push(() => proxy.close());
  return openReplica({ endpoint: proxy.endpoint, ...options });
}

async function makeFile(content: Buffer | string) {
  const file = join(directory, `file-${randomBytes(4).toString('hex')}`);
  await writeFile(file, content);
  return { file, order: { ...(await digestFile(file)), metadata: { 'made-by': 'test' } } };
}

const at = (name: string): string => join(directory, name);
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
/** With everything that hangs on it, also what is not enumerable. */
const everythingOf = (error: unknown): string => inspect(error, { depth: Infinity, showHidden: true });

describe('objects', () => {
  it('gives back what was put', async () => {
    const replica = openReplica();
    const { file, order } = await makeFile(randomBytes(3 * MIB));
    expect(await replica.head('rerail/a')).toBeUndefined();
    expect(await replica.putOnce('rerail/a', file, order)).toBe('created');
    const described = {
      key: 'rerail/a',
      ...order,
      storedAt: expect.stringMatching(/^20\d\d-\d\d-\d\dT.*Z$/),
    };
    expect(await replica.head('rerail/a')).toEqual(described);
    expect(await replica.get('rerail/a', at('back'))).toEqual(described);
    expect((await readFile(at('back'))).equals(await readFile(file))).toBe(true);
  });

  it('carries an empty object', async () => {
    const replica = openReplica();
    const { file, order } = await makeFile('');
    expect(await replica.putOnce('rerail/empty', file, order)).toBe('created');
    expect(await replica.get('rerail/empty', at('back'))).toMatchObject({ size: 0 });
    expect(await readFile(at('back'))).toHaveLength(0);
  });

  it('lists by prefix over all pages, and deletes, absent keys included', async () => {
    const replica = openReplica();
    const { file, order } = await makeFile('x');
    const keys = Array.from({ length: 1003 }, (_, index) => `rerail/many/${String(index).padStart(4, '0')}`);
    for (let from = 0; from < keys.length; from += 40)
      await Promise.all(keys.slice(from, from + 40).map((key) => replica.putOnce(key, file, order)));
    await replica.putOnce('rerail/other', file, order);
    expect((await replica.list('rerail/many/')).map(({ key, size }) => [key, size])).toEqual(
      keys.map((key) => [key, 1]),
    );
    await replica.delete([...keys.slice(1), 'rerail/absent']);
    expect((await replica.list('rerail/')).map(({ key }) => key)).toEqual(['rerail/many/0000', 'rerail/other']);
  });

  it('keeps to its prefix', async () => {
    const replica = openReplica({ prefix: '/team/a/' });
    expect(replica.prefix).toBe('team/a');
    for (const key of ['team/b/x', 'team/ab', 'x'])
      await expect(replica.delete([key])).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('answers "exists" for the same bytes, refuses others, and keeps what is there', async () => {
    const replica = openReplica();
    const [first, second] = [await makeFile('first'), await makeFile('second')];
    await replica.putOnce('rerail/a', first.file, first.order);
    expect(await replica.putOnce('rerail/a', first.file, first.order)).toBe('exists');
    await expect(replica.putOnce('rerail/a', second.file, second.order)).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      nonRetryable: true,
    });
    await replica.get('rerail/a', at('back'));
    expect(await readFile(at('back'), 'utf8')).toBe('first');
  });

  it('lets exactly one of many writers at once create an object', async () => {
    const writers = await Promise.all(Array.from({ length: 8 }, () => makeFile(randomBytes(300_000))));
    const outcomes = await Promise.allSettled(
      writers.map(({ file, order }) => openReplica().putOnce('rerail/contended', file, order)),
    );
    const winners = writers.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'checkpoint-invalid' });
    expect(await openReplica().head('rerail/contended')).toMatchObject({ sha256: winners[0]?.order.sha256 });

    const { file, order } = await makeFile(randomBytes(300_000));
    const same = await Promise.all(writers.map(() => openReplica().putOnce('rerail/same', file, order)));
    expect(same.filter((outcome) => outcome === 'created')).toHaveLength(1);
  });
});

describe('bytes that change', () => {
  const text = 'unaltered '.repeat(40_000);

  it('are refused by the storage when they are not those of the digest', async () => {
    const replica = openReplica();
    const { file, order } = await makeFile(text);
    const wrong = { ...order, sha256: 'ab'.repeat(32) };
    await expect(replica.putOnce('rerail/a', file, wrong)).rejects.toMatchObject({ code: 'replica-failed' });
    await expect(replica.putOnce('rerail/a', file, { ...order, size: 1 })).rejects.toMatchObject({
      code: 'invalid-input',
    });
    expect(await replica.list('rerail/')).toEqual([]);
  });

  it('on the way up are refused, and nothing is stored', async () => {
    const { file, order } = await makeFile(text);
    const replica = await openThrough(server.port, { up: shout('unaltered') });
    await expect(replica.putOnce('rerail/a', file, order)).rejects.toMatchObject({ code: 'replica-failed' });
    expect(await openReplica().list('rerail/')).toEqual([]);
  });

  it('on the way down are found out, and no file is left', async () => {
    const { file, order } = await makeFile(text);
    await openReplica().putOnce('rerail/a', file, order);
    const replica = await openThrough(server.port, { down: shout('unaltered') });
    await expect(replica.get('rerail/a', at('back'))).rejects.toMatchObject({ code: 'checkpoint-corrupt' });
    expect(existsSync(at('back'))).toBe(false);
  });

  it('in the bucket are found out', async () => {
    const replica = openReplica();
    const { file, order } = await makeFile(text);
    await replica.putOnce('rerail/a', file, order);
    await writeFile(server.fileOf(bucket, 'rerail/a'), text.replace('unaltered', 'UNaltered'));
    await expect(replica.get('rerail/a', at('back'))).rejects.toMatchObject({ code: 'checkpoint-corrupt' });
    expect(existsSync(at('back'))).toBe(false);
  });
});

describe('a storage that does not answer', () => {
  const BOUND_MS = 10_000;
  const impatient = { attempts: 2, idleTimeoutMs: 400, connectTimeoutMs: 400 };
  const secrets = Object.values(S3_CREDENTIALS);

  async function expectClearFailure(promise: Promise<unknown>, place: string): Promise<void> {
    const started = Date.now();
    const error = await failure(promise);
    expect(Date.now() - started).toBeLessThan(BOUND_MS);
    expect(error).toMatchObject({ code: 'replica-failed', nonRetryable: false, remedy: expect.any(String) });
    const { message } = error as Error;
    for (const word of [place, bucket, 'rerail/a', 'after 2 attempts']) expect(message).toContain(word);
    for (const secret of secrets) expect(everythingOf(error)).not.toContain(secret);
  }

  it('because it is down is named, in bounded time; and works again when it is back', async () => {
    const replica = openReplica(impatient);
    const { file, order } = await makeFile('x'.repeat(100_000));
    await server.stop();
    try {
      await expectClearFailure(replica.head('rerail/a'), server.endpoint);
      await expectClearFailure(replica.putOnce('rerail/a', file, order), server.endpoint);
      await expectClearFailure(replica.get('rerail/a', at('back')), server.endpoint);
      await expectClearFailure(replica.list('rerail/a'), server.endpoint);
      await expectClearFailure(replica.delete(['rerail/a']), server.endpoint);
    } finally {
      await server.start();
    }
    expect(await replica.putOnce('rerail/a', file, order)).toBe('created');
  });

  it('though it listens is given up on', async () => {
    const replica = await openThrough(undefined, {}, impatient);
    const { file, order } = await makeFile('x'.repeat(5 * MIB));
    await expectClearFailure(replica.head('rerail/a'), replica.place);
    await expectClearFailure(replica.putOnce('rerail/a', file, order), replica.place);
  });

  it('any more in the middle of an object is given up on, and no file is left', async () => {
    const { file, order } = await makeFile(randomBytes(2 * MIB));
    await openReplica().putOnce('rerail/a', file, order);
    const replica = await openThrough(server.port, { stallAfter: MIB }, impatient);
    await expectClearFailure(replica.get('rerail/a', at('back')), replica.place);
    expect(existsSync(at('back'))).toBe(false);
  });

  it.each([
    ['the secret', { ...S3_CREDENTIALS, secretAccessKey: 'another-secret-of-the-caller' }, /HTTP 403/],
    ['the key', { accessKeyId: 'nobody-of-this-name', secretAccessKey: 'another-secret-of-the-caller' }, /access key/i],
  ])('with more than a refusal because %s is wrong is not asked again', async (_, credentials, reason) => {
    const replica = openReplica({ credentials });
    const { file, order } = await makeFile('x');
    for (const operation of [
      () => replica.head('rerail/a'),
      () => replica.putOnce('rerail/a', file, order),
      () => replica.get('rerail/a', at('back')),
      () => replica.list('rerail/'),
    ]) {
      const error = await failure(operation());
      expect(error).toMatchObject({
        code: 'replica-failed',
        nonRetryable: true,
        details: { attempts: 1 },
        message: expect.stringMatching(reason),
        remedy: expect.any(String),
      });
      for (const secret of Object.values(credentials)) expect(everythingOf(error)).not.toContain(secret);
    }
  });

  it('for a bucket that is not there is named', async () => {
    const { file, order } = await makeFile('x');
    const replica = openReplica({ bucket: 'absent-bucket' });
    for (const operation of [() => replica.head('rerail/a'), () => replica.putOnce('rerail/a', file, order)])
      await expect(operation()).rejects.toMatchObject({
        code: 'replica-failed',
        message: expect.stringContaining('absent-bucket'),
        remedy: expect.stringContaining('bucket'),
        nonRetryable: true,
      });
  });

  it('at an address with a password in it is not even asked', () => {
    const error = () => createS3Replica({ bucket, endpoint: 'http://name:hidden-word@127.0.0.1:1' });
    expect(error).toThrow(/endpoint/);
    expect(error).not.toThrow(/hidden-word/);
  });
});

describe('a replicated checkpoint', () => {
  let here: Bench;
  let there: Bench;
  beforeEach(() => {
    here = makeBench();
    there = makeBench();
    closers.push(() => {
      here.close();
      there.close();
    });
  });

  async function captureAndReplicate(replica: Replica) {
    const activities = await openActivities(here);
    const id = newId('cp');
    const state = { context: { key: [1, 'ü'] } };
    const record = await activities.captureCheckpoint({ info: makeInfo(id), root: here.root, state });
    return {
      id,
      record,
      state,
      store: activities.store,
      receipt: await replicate(activities.store, replica, id, tempDir),
    };
  }

  it('is restored on another host equal in bytes and metadata', async () => {
    fillTree(here.root);
    const captured = snapshot(here.root);
    const replica = openReplica();
    const { id, record, state, store, receipt } = await captureAndReplicate(replica);
    expect(receipt).toMatchObject({ key: `rerail/checkpoints/${id}.bundle` });
    expect((await digestFile(server.fileOf(bucket, receipt.key))).sha256).toBe(receipt.sha256);

    here.close();
    await mkdir(here.root, { recursive: true });
    const { store: other, restoreCheckpoint, verifyCheckpoint } = await openActivities(there);
    expect(await fetchReplicated(other, replica, id, tempDir)).toMatchObject({ checksum: record.checksum });
    expect(await verifyCheckpoint({ checkpointId: id, level: 'full' })).toMatchObject({ problems: [] });
    const result = await restoreCheckpoint(restoreOrder(id, { force: true }, null));
    expect(result).toMatchObject({ success: true, state });
    expect(snapshot(here.root)).toEqual(captured);
    expect(await readdir(tempDir)).toEqual([]);
    await store.close();
  });

  it('is put once, however often and from wherever it is replicated', async () => {
    fillTree(here.root);
    const replica = openReplica();
    const { id, store, receipt } = await captureAndReplicate(replica);
    expect(await replicate(store, replica, id, tempDir)).toEqual(receipt);
    const { store: other } = await openActivities(there);
    await fetchReplicated(other, replica, id, tempDir);
    await replica.delete([receipt.key]);
    const [first, second] = await Promise.all([
      replicate(store, replica, id, tempDir),
      replicate(other, openReplica(), id, tempDir),
    ]);
    expect(first).toEqual(second);
    expect(await replica.list('rerail/')).toHaveLength(1);
    expect(await fetchReplicated(other, replica, id, tempDir)).toEqual(await store.receipt(id));
    expect(await readdir(tempDir)).toEqual([]);
  });

  it('is made by a capture, and a restore takes it when its own store has rotted', async () => {
    const replica = openReplica();
    const { captureCheckpoint, restoreCheckpoint, store } = await openActivities(here, { replica });
    const content = randomBytes(50_000);
    await writeFile(join(here.root, 'a'), content);
    const { info, replica: receipt } = await captureCheckpoint({ info: makeInfo(), root: here.root });
    expect(receipt).toMatchObject({ key: replicaKey(replica, info.id) });
    const packs = join(here.storePath, 'repository/objects/pack');
    const [pack = ''] = (await readdir(packs)).filter((name) => name.endsWith('.pack'));
    flip(join(packs, pack), 20_000);
    await writeFile(join(here.root, 'a'), 'other');
    expect(await restoreCheckpoint(restoreOrder(info.id))).toMatchObject({ success: true, lost: [] });
    expect(await readFile(join(here.root, 'a'))).toEqual(content);
    expect(await store.verify(info.id, 'full')).toEqual([]);
  });

  it('makes good what its own store has lost', async () => {
    fillTree(here.root);
    const replica = openReplica();
    const { id, store } = await captureAndReplicate(replica);
    const packs = join(here.storePath, 'repository/objects/pack');
    for (const name of await readdir(packs)) {
      if (!name.endsWith('.pack')) continue;
      const bytes = await readFile(join(packs, name));
      bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 100);
      await chmod(join(packs, name), 0o600);
      await writeFile(join(packs, name), bytes);
    }
    expect(await store.verify(id, 'full')).not.toEqual([]);
    await expect(store.exportBundle(id, at('bundle'))).rejects.toMatchObject({ code: 'checkpoint-corrupt' });
    expect(existsSync(at('bundle'))).toBe(false);
    await fetchReplicated(store, replica, id, tempDir);
    expect(await store.verify(id, 'full')).toEqual([]);
  });

  it('that was damaged in the bucket is refused, and the store stays as it was', async () => {
    fillTree(here.root);
    const replica = openReplica();
    const { id, receipt } = await captureAndReplicate(replica);
    const file = server.fileOf(bucket, receipt.key);
    const bytes = await readFile(file);
    const { store: other } = await openActivities(there);
    for (const offset of [5, 100, bytes.length >> 1, bytes.length - 5]) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(offset) ^ 1, offset);
      await writeFile(file, flipped);
      await expect(fetchReplicated(other, replica, id, tempDir)).rejects.toMatchObject({ code: 'checkpoint-corrupt' });
    }
    expect(await other.list()).toEqual([]);
    expect(await readdir(join(there.storePath, 'repository/objects/pack'))).toEqual([]);
    expect(await readdir(tempDir)).toEqual([]);
  });

  it('that was never there is said to be missing; a key that another has is not taken for it', async () => {
    fillTree(here.root);
    const replica = openReplica();
    const { store } = await captureAndReplicate(replica);
    const { store: other, captureCheckpoint } = await openActivities(there);
    await expect(fetchReplicated(other, replica, newId('cp'), tempDir)).rejects.toMatchObject({
      code: 'checkpoint-not-found',
    });
    const { file, order } = await makeFile('foreign');
    const id = newId('cp');
    await captureCheckpoint({ info: makeInfo(id), root: here.root });
    await replica.putOnce(replicaKey(replica, id), file, order);
    await expect(replicate(other, replica, id, tempDir)).rejects.toMatchObject({ code: 'checkpoint-invalid' });
    await expect(fetchReplicated(other, replica, id, tempDir)).rejects.toMatchObject({ code: 'checkpoint-corrupt' });
    expect(await readdir(tempDir)).toEqual([]);
    await store.close();
  });

  it('leaves no temporary files when the storage fails', async () => {
    fillTree(here.root);
    const { store, captureCheckpoint } = await openActivities(here);
    const id = newId('cp');
    await captureCheckpoint({ info: makeInfo(id), root: here.root });
    const replica = openReplica({ attempts: 1 });
    const failing: Replica = {
      ...replica,
      putOnce: (key, file, order) => server.stop().then(() => replica.putOnce(key, file, order)),
    };
    try {
      await expect(replicate(store, failing, id, tempDir)).rejects.toMatchObject({ code: 'replica-failed' });
    } finally {
      await server.start();
    }
    expect(await readdir(tempDir)).toEqual([]);
  });

  it('of 150 MB needs little memory on both ways', async () => {
    for (let index = 0; index < 6; index += 1)
      await writeFile(join(here.root, `part-${String(index)}`), randomBytes(25_000_000));
    const { store, captureCheckpoint } = await openActivities(here);
    const id = newId('cp');
    await captureCheckpoint({ info: makeInfo(id), root: here.root });
    const { store: other } = await openActivities(there);
    const replica = openReplica();

    const before = process.memoryUsage().rss;
    let peak = before;
    const sampler = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
    const started = performance.now();
    const { size } = await replicate(store, replica, id, tempDir);
    const replicated = performance.now();
    await fetchReplicated(other, replica, id, tempDir);
    const fetched = performance.now();
    clearInterval(sampler);

    const growth = (peak - before) / MIB;
    const seconds = (ms: number): string => (ms / 1000).toFixed(1);
    process.stdout.write(
      `${(size / 1e6).toFixed(0)} MB: replicated in ${seconds(replicated - started)} s, fetched in ` +
        `${seconds(fetched - replicated)} s, resident memory grew by ${growth.toFixed(0)} MiB\n`,
    );
    expect(size).toBeGreaterThan(150_000_000);
    // Held whole, the bundle alone would take 143 MiB.
    expect(growth).toBeLessThan(100);
    expect(await other.verify(id, 'full')).toEqual([]);
  });
});

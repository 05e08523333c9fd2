import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import type { StoreCareReport } from '../../src/domain/store-care.ts';
import { stopChild, useCli, type Ended } from '../support/cli.ts';
import { until } from '../support/harness.ts';
import { S3_CREDENTIALS, startS3Server, type S3Server } from '../support/s3-server.ts';

const cli = useCli();
const words = (line: string): string[] => line.split(' ');
/** A line as it is typed; no word of these tests has a space. */
const rerail = (line: string): Promise<Ended> => cli.rerail(words(line));
const json = <T>(line: string, code: number = EXIT.done): Promise<T> => cli.json<T>(words(line), code);

interface Made {
  info: { id: string };
  state: string;
  stateReason?: string;
  replica?: { key: string };
}

async function newTree(name: string, files: Record<string, Uint8Array | string>): Promise<string> {
  const root = path.join(cli.root, name);
  await mkdir(root, { recursive: true });
  for (const [file, content] of Object.entries(files)) await writeFile(path.join(root, file), content);
  return root;
}

/** Bytes that do not compress, so that a place in the file is a place in the pack. */
const noise = (seed: number): Buffer => createHash('shake256', { outputLength: 60_000 }).update(String(seed)).digest();

describe('the store of a host', () => {
  let worker: ChildProcess;
  beforeAll(async () => {
    worker = await cli.startWorker();
  });
  afterAll(() => stopChild(worker));

  /** Turns one bit of the only pack, where the first file lies. */
  async function flipBit(): Promise<void> {
    const packs = path.join(cli.root, 'data', 'store.git', 'repository', 'objects', 'pack');
    const [name = '', ...others] = (await readdir(packs)).filter((file) => file.endsWith('.pack'));
    expect(others).toEqual([]);
    const pack = path.join(packs, name);
    const offset = Math.floor((await stat(pack)).size / 4);
    await chmod(pack, 0o600);
    const handle = await open(pack, 'r+');
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, offset);
    await handle.write(Buffer.from([(byte[0] ?? 0) ^ 0x10]), 0, 1, offset);
    await handle.close();
  }

  it('with a flipped bit: the loss is named, what is left is restored, the next capture heals it', async () => {
    const subject = `cli/damaged-${cli.unique}`;
    const root = await newTree('damaged', { a: noise(1), b: noise(2) });
    const capture = `checkpoint create --root ${root} --subject ${subject}`;
    const { info } = await json<Made>(capture);
    const { id } = info;
    await until(async () => (await json<object[]>('checkpoint list')).length === 1, 'the ledger in the list');
    expect(await json(`checkpoint repair`)).toMatchObject({ problems: [], corrupt: [] });
    await flipBit();
    await writeFile(path.join(root, 'a'), 'another by now');
    await writeFile(path.join(root, 'b'), 'another too');

    const damaged = await rerail('checkpoint repair');
    expect(damaged.code).toBe(EXIT.invalid);
    expect(damaged.stdout).toContain(`${id} a: `);
    expect(damaged.stdout).toMatch(/quarantined:\n {2}pack-.*, 1 objects lost\n[\s\S]*corrupt:\n {2}cp_/);
    expect(await json(`checkpoint show ${id}`)).toMatchObject({ state: 'corrupt', stateReason: 'a: it is missing' });
    const refused = await rerail(`restore ${id} --yes`);
    expect(refused).toMatchObject({ code: EXIT.invalid, stdout: '' });
    expect(refused.stderr).toMatch(/corrupt: a: it is missing[\s\S]*checkpoint repair.*--skip-lost/);

    const left = await json<{ lost: string[]; dataLoss: boolean }>(`restore ${id} --skip-lost --yes`);
    expect(left).toMatchObject({ lost: ['a'], dataLoss: true });
    expect(await readFile(path.join(root, 'a'), 'utf8')).toBe('another by now');
    expect(await readFile(path.join(root, 'b'))).toEqual(noise(2));

    await writeFile(path.join(root, 'a'), noise(1));
    await json(capture);
    expect(await json<StoreCareReport>('checkpoint repair')).toMatchObject({ corrupt: [], missing: [], healed: [id] });
    await writeFile(path.join(root, 'a'), 'lost once more');
    await json(`restore ${id} --yes`);
    expect(await readFile(path.join(root, 'a'))).toEqual(noise(1));
  });

  it('tells on stderr how far a large capture is, in JSON lines', async () => {
    const parts = Array.from({ length: 60 }, (_, index) => [`part-${index}`, randomBytes(1_000_000)] as const);
    const root = await newTree('much', Object.fromEntries(parts));
    const { code, stdout, stderr } = await rerail(
      `checkpoint create --root ${root} --subject cli/much-${cli.unique} -o jsonl`,
    );
    expect(code).toBe(EXIT.done);
    expect(JSON.parse(stdout)).toMatchObject({ state: 'complete', totalBytes: 60_000_000 });
    for (const line of stderr.trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ progress: { phase: expect.any(String) as string } });
  });

  it('is looked after every night when it is scheduled, and no longer when it is taken off', async () => {
    const host = `cli-${cli.unique}`;
    const schedule = (when: string) => json<{ done: string }>(`checkpoint schedule --when ${when}`);
    expect(await schedule('daily')).toEqual({ host, schedule: `store-care/${host}`, done: 'created' });
    expect(await schedule('daily')).toMatchObject({ done: 'exists' });
    expect(await schedule('off')).toMatchObject({ done: 'paused' });
    expect(await schedule('off')).toMatchObject({ done: 'already off' });
    expect(await schedule('daily')).toMatchObject({ done: 'resumed' });
    expect(await schedule('off')).toMatchObject({ done: 'paused' });
  });
});

describe('two hosts with a replica', () => {
  const bucket = 'checkpoints';
  let server: S3Server;
  let one: ChildProcess;
  let other: ChildProcess;
  const host = (name: string): string => `cli-${cli.unique}-${name}`;
  const startHost = (name: string, more: NodeJS.ProcessEnv): Promise<ChildProcess> =>
    cli.startWorker({
      RERAIL_HOST: host(name),
      RERAIL_DATA_DIR: path.join(cli.root, `data-${name}`),
      RERAIL_REPLICA_BUCKET: bucket,
      RERAIL_REPLICA_ENDPOINT: server.endpoint,
      RERAIL_REPLICA_PREFIX: 'team-a',
      AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
      ...more,
    });
  /** As typed on the first host. */
  const onOne = (line: string): Promise<Ended> => cli.rerail(words(line), { env: { RERAIL_HOST: host('one') } });

  beforeAll(async () => {
    server = await startS3Server();
    await server.createBucket(bucket);
    [one, other] = await Promise.all([startHost('one', { RERAIL_MAX_STORE_BYTES: '1000000' }), startHost('other', {})]);
  });
  afterAll(async () => {
    await Promise.all([stopChild(one), stopChild(other)]);
    await server.close();
  });

  it('a capture over the quota is refused and stores nothing', async () => {
    const root = await newTree('large', { 'large.bin': randomBytes(1_100_000) });
    const subject = `cli/large-${cli.unique}`;
    const { code, stdout } = await onOne(`checkpoint create --root ${root} --subject ${subject}`);
    expect(code).not.toBe(EXIT.done);
    expect(stdout).toBe('');
    expect(await json<object[]>(`checkpoint list --subject ${subject}`)).toEqual([]);
    const stored = await readdir(path.join(cli.root, 'data-one', 'store.git', 'repository', 'objects', 'pack'));
    expect(stored).toEqual([]);
  });

  it('says with the quota what it needs, what there is, and what to do', async () => {
    const root = await newTree('large', { 'large.bin': randomBytes(1_100_000) });
    const { code, stderr } = await onOne(`checkpoint create --root ${root} --subject cli/large-${cli.unique}`);
    expect(stderr).toMatch(/store-quota-exceeded.*needs 1100000 bytes.*of the 1000000[\s\S]*rerail cleanup/);
    expect(code).toBe(EXIT.invalid);
  });

  it('a checkpoint that is deleted leaves its copy in the bucket, and the command says where', async () => {
    const root = await newTree('deleted', { 'data.bin': randomBytes(1000) });
    const subject = `cli/deleted-${cli.unique}`;
    const make = async (): Promise<Made> =>
      JSON.parse((await onOne(`checkpoint create --root ${root} --subject ${subject} -o json`)).stdout) as Made;
    const [first, second] = [await make(), await make()];
    const keyOf = ({ replica }: Made): string => replica?.key ?? '';
    const { stdout } = await onOne(`checkpoint delete ${first.info.id} --subject ${subject} --yes`);
    expect(stdout).toMatch(`its copy ${keyOf(first)} stays in the bucket`);
    const deleted = await onOne(`checkpoint delete ${second.info.id} --subject ${subject} --yes -o json`);
    expect(JSON.parse(deleted.stdout)).toMatchObject({ id: second.info.id, replicaKept: keyOf(second) });
    for (const made of [first, second])
      expect((await stat(server.fileOf(bucket, keyOf(made)))).size).toBeGreaterThan(1000);
  });

  it('a checkpoint of a host that is gone is restored on the other, and undone there', async () => {
    const bytes = randomBytes(40_000);
    const root = await newTree('lost', { 'data.bin': bytes, 'run.sh': '#!/bin/sh\n' });
    await chmod(path.join(root, 'run.sh'), 0o750);
    const subject = `cli/lost-${cli.unique}`;
    const made = await onOne(`checkpoint create --root ${root} --subject ${subject} -o json`);
    if (made.code !== EXIT.done) throw new Error(made.stderr);
    const record = JSON.parse(made.stdout) as Made;
    const { id } = record.info;
    expect(record.replica?.key).toBe(`team-a/checkpoints/${id}.bundle`);
    expect((await stat(server.fileOf(bucket, record.replica?.key ?? ''))).size).toBeGreaterThan(40_000);
    await stopChild(one);

    const there = path.join(cli.root, 'restored');
    await json(`restore ${id} --subject ${subject} --host ${host('other')} --root ${there} --yes`);
    expect(await readFile(path.join(there, 'data.bin'))).toEqual(bytes);
    expect((await stat(path.join(there, 'run.sh'))).mode & 0o7777).toBe(0o750);
    expect((await readdir(there)).sort()).toEqual(['data.bin', 'run.sh']);
    await json(`undo --subject ${subject} --yes`);
    expect(await readdir(there)).toEqual([]);
    expect(await readFile(path.join(root, 'data.bin'))).toEqual(bytes);
  });
});

import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRedis, startRedis, type TestServer } from '../support/database-servers.ts';
import { stopChild, useCli } from '../support/cli.ts';

describe.skipIf(findRedis() === undefined)('a cache named in a file of providers', () => {
  const cli = useCli();
  let redis: TestServer;
  let client: Redis;
  let worker: ChildProcess;
  let root: string;

  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis({ port: redis.port, password: redis.password, protocol: 2 });
    const file = await cli.file(
      'providers.yaml',
      [
        'apiVersion: rerail/v1',
        'kind: Provider',
        'metadata: { name: carts }',
        `spec: { redis: { host: 127.0.0.1, port: ${redis.port}, passwordFrom: env:CARTS_PASSWORD, prefixes: ['cart:'] } }`,
      ].join('\n'),
    );
    worker = await cli.startWorker({ RERAIL_PROVIDERS_FILE: file, CARTS_PASSWORD: redis.password });
    root = path.join(cli.root, 'shop');
    await mkdir(root);
    execFileSync('git', ['init', '-q', '-b', 'main', root]);
  });
  afterAll(async () => {
    await stopChild(worker);
    client?.disconnect();
    await redis?.stop();
  });

  const file = (): string => path.join(root, 'app.txt');
  const put = async (text: string): Promise<void> => {
    await writeFile(file(), text);
    await client.set('cart:1', text);
  };
  const look = async () => [await readFile(file(), 'utf8'), await client.get('cart:1')];

  it('is restored when it is named, left alone otherwise, also with --git, and is part of the undo', async () => {
    const subject = `cli/shop-${cli.unique}`;
    const json = (line: string) => cli.json<{ info: { id: string }; plan: object }>(line.split(' '));
    await put('one');
    const { info } = await json(`checkpoint create --root ${root} --subject ${subject} --provider carts`);
    await put('two');
    expect(await json(`restore ${info.id} --yes`)).toMatchObject({ plan: { changes: [{ path: 'app.txt' }] } });
    expect(await look()).toEqual(['one', 'two']);
    await writeFile(file(), 'two');
    await json(`restore ${info.id} --git --yes`);
    expect(await look()).toEqual(['one', 'two']);

    const parts = await json(`restore ${info.id} --parts files system --yes`);
    expect(parts).toMatchObject({ plan: { system: [{ provider: 'carts' }] } });
    expect(await look()).toEqual(['one', 'one']);
    await json(`undo --subject ${subject} --yes`);
    expect(await look()).toEqual(['one', 'two']);
    await json(`undo --subject ${subject} --yes`);
    expect(await look()).toEqual(['one', 'one']);
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { createJsonProvider } from '../../src/activities/providers/index.ts';
import { createProviderRegistry, type CheckpointProvider } from '../../src/activities/providers/provider.ts';
import type { Json } from '../../src/domain/canonical-json.ts';
import { newId } from '../../src/domain/ids.ts';
import type { RestoreOptions } from '../../src/domain/rollback.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { makeInfo, openActivities, restoreOrder } from './checkpoint-fixtures.ts';

const { bench, at } = newBenchForEach();
let flags: Json;
let queue: Json;
let broken: boolean;

const providers: CheckpointProvider[] = [
  createJsonProvider({
    name: 'flags',
    capture: () => Promise.resolve(flags),
    restore: (value) => {
      if (broken) throw new Error('the flag service is down');
      flags = value;
      return Promise.resolve();
    },
  }),
  createJsonProvider({
    name: 'queue',
    kind: 'infrastructure',
    capture: () => Promise.resolve(queue),
    restore: (value) => {
      queue = value;
      return Promise.resolve();
    },
  }),
];

const open = () => openActivities(bench, { providers: createProviderRegistry(providers) });

async function capture(names: string[], root: string | undefined = bench.root): Promise<string> {
  const { captureCheckpoint } = await open();
  const id = newId('cp');
  const record = await captureCheckpoint({
    info: makeInfo(id),
    ...(root === undefined ? {} : { root }),
    providers: names,
  });
  expect(record.parts).toContain('system');
  return id;
}

const restore = async (id: string, options: Partial<RestoreOptions>) =>
  (await open()).restoreCheckpoint(restoreOrder(id, options));

beforeEach(() => {
  flags = { dark: true };
  queue = { size: 3 };
  broken = false;
});

describe('a restore with what providers hold', () => {
  it('brings it back with the files, and both can be undone', async () => {
    writeFileSync(at('a'), 'good');
    const id = await capture(['flags']);
    writeFileSync(at('a'), 'bad');
    flags = { dark: false };
    const result = await restore(id, { scope: { files: true, system: ['flags'] } });
    expect(result).toMatchObject({ success: true, dataLoss: false });
    expect(result.items).toContainEqual(expect.objectContaining({ type: 'flags' }));
    expect([flags, readFileSync(at('a'), 'utf8')]).toEqual([{ dark: true }, 'good']);
    await restore(result.backupId ?? '', { scope: { files: true, system: true } });
    expect([flags, readFileSync(at('a'), 'utf8')]).toEqual([{ dark: false }, 'bad']);
  });

  it('leaves it alone when nobody asks for it', async () => {
    writeFileSync(at('a'), 'good');
    const id = await capture(['flags']);
    flags = { dark: false };
    const result = await restore(id, { parts: ['files'] });
    expect(result.plan.system).toBeUndefined();
    expect(flags).toEqual({ dark: false });
  });

  it('says in a dry run what it would change', async () => {
    const id = await capture(['flags']);
    flags = { dark: false };
    const { plan } = await restore(id, { dryRun: true, parts: ['system'] });
    expect(plan.system).toMatchObject([{ provider: 'flags' }]);
    expect(flags).toEqual({ dark: false });
  });

  it('works for a checkpoint without files, with a backup of the providers alone', async () => {
    const id = await capture(['flags'], undefined);
    flags = { dark: false };
    const { backupId = '' } = await restore(id, { parts: ['system'] });
    expect(flags).toEqual({ dark: true });
    await restore(backupId, { parts: ['system'] });
    expect(flags).toEqual({ dark: false });
  });

  it('touches no file when a provider fails, and the same again finishes the job', async () => {
    writeFileSync(at('a'), 'good');
    const id = await capture(['flags']);
    writeFileSync(at('a'), 'bad');
    flags = { dark: false };
    broken = true;
    const order = restoreOrder(id, { scope: { files: true, system: true } });
    const { restoreCheckpoint } = await open();
    await expect(restoreCheckpoint(order)).rejects.toMatchObject({
      message: expect.stringContaining('flags') as string,
    });
    expect(readFileSync(at('a'), 'utf8')).toBe('bad');
    broken = false;
    expect(await restoreCheckpoint(order)).toMatchObject({ success: true });
    expect([flags, readFileSync(at('a'), 'utf8')]).toEqual([{ dark: true }, 'good']);
  });

  it('reaches infrastructure only by name', async () => {
    const id = await capture(['flags', 'queue']);
    queue = { size: 9 };
    await expect(restore(id, { parts: ['system'] })).rejects.toMatchObject({ code: 'invalid-input' });
    expect(queue).toEqual({ size: 9 });
    expect(await restore(id, { scope: { system: ['queue'] } })).toMatchObject({ strategy: 'selective', success: true });
    expect(queue).toEqual({ size: 3 });
  });

  it('refuses a name that nobody knows, before anything is captured', async () => {
    await expect(capture(['flogs'])).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringContaining('flogs') as string,
    });
    expect(await (await open()).store.list()).toEqual([]);
  });
});

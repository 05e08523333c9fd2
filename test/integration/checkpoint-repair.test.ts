import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../support/harness.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { flip, makeInfo, openActivities, restoreOrder } from './checkpoint-fixtures.ts';

const { bench, at, capture, fsck, packFiles } = newBenchForEach();

const packPath = (suffix: string): string => {
  const [name = ''] = packFiles().filter((file) => file.endsWith(suffix));
  return join(bench.storePath, 'repository/objects/pack', name);
};

/** Bytes that do not compress, so that a place in the file is a place in the pack. */
const noise = (seed: number): Buffer => createHash('shake256', { outputLength: 60_000 }).update(String(seed)).digest();

/** Two files, the first of which is damaged in the store. */
async function captureAndDamage(): Promise<string> {
  writeFileSync(at('a'), noise(1));
  writeFileSync(at('b'), noise(2));
  const id = await capture();
  const pack = readFileSync(packPath('.pack'));
  flip(packPath('.pack'), Math.floor(pack.length / 4));
  return id;
}

const quarantined = (): string[] => readdirSync(join(bench.storePath, 'quarantine'));

describe('two cares of one store', () => {
  it.each(['sweep', 'repair'] as const)('let a %s wait for a repair that is under way', async (work) => {
    const id = await captureAndDamage();
    const order: string[] = [];
    const locks = (): string[] => readdirSync(join(bench.storePath, 'locks'));
    const { store: other } = await openActivities(bench);
    let waiting: Promise<unknown> | undefined;
    const { store } = await openActivities(bench, {
      async failpoint(name) {
        if (name !== 'repair.before-quarantine') return;
        // A sweep refuses what is left: a checkpoint that has lost something cannot tell what it needs.
        const ended = (): number => order.push(work);
        waiting = other[work]().then(ended, ended);
        await until(() => Promise.resolve(locks().length > 1), 'the other at the lock', 5000);
        order.push('the first is about to change something');
      },
    });
    const { problems } = await store.repair();
    await waiting;
    expect(order).toEqual(['the first is about to change something', work]);
    expect(problems.map(({ checkpointId, item }) => [checkpointId, item])).toEqual([[id, 'a']]);
    expect(quarantined()).toHaveLength(1);
    expect(locks()).toEqual([]);
  });
});

describe('a store with a flipped bit', () => {
  it('says where, before and after each checkpoint that it concerns', async () => {
    const id = await captureAndDamage();
    const { store } = await openActivities(bench);
    const problems = await store.check();
    expect(problems.map(({ checkpointId }) => checkpointId)).toEqual(['', id]);
    expect(problems[0]?.item).toMatch(/^pack-/);
    expect(problems[1]?.item).toBe('a');
    expect(problems.every(({ problem }) => problem.length > 5)).toBe(true);
  });

  it('is healed by the next capture of the same content, for the older checkpoint too', async () => {
    const id = await captureAndDamage();
    const { captureCheckpoint, verifyCheckpoint, store, restoreCheckpoint } = await openActivities(bench);
    await captureCheckpoint({ info: makeInfo(), root: bench.root });
    expect((await verifyCheckpoint({ checkpointId: id, level: 'full' })).problems).toEqual([]);
    expect(await store.check()).toEqual([]);
    expect(quarantined()).toHaveLength(1);
    fsck();
    writeFileSync(at('a'), 'changed');
    expect((await restoreCheckpoint(restoreOrder(id))).success).toBe(true);
    expect(readFileSync(at('a'))).toEqual(noise(1));
  });

  it('is healed also through a parent whose list of contents names what is gone', async () => {
    const id = await captureAndDamage();
    const { captureCheckpoint, verifyCheckpoint, store } = await openActivities(bench);
    await store.repair();
    await captureCheckpoint({ info: makeInfo(), root: bench.root, parentId: id });
    expect((await verifyCheckpoint({ checkpointId: id, level: 'full' })).problems).toEqual([]);
  });

  it('is repaired without the source: the loss is named, all the rest stays', async () => {
    const id = await captureAndDamage();
    writeFileSync(at('a'), 'the live file is another by now');
    const { store, verifyCheckpoint } = await openActivities(bench);
    const { quarantined: packs, problems } = await store.repair();
    expect(packs).toMatchObject([{ lostObjects: 1 }]);
    expect(problems).toEqual([{ checkpointId: id, item: 'a', problem: 'it is missing' }]);
    expect((await verifyCheckpoint({ checkpointId: id, level: 'full' })).problems.map(({ item }) => item)).toEqual([
      'a',
    ]);
    const usage = await store.usage();
    expect(usage.quarantinedBytes).toBeGreaterThan(100_000);
    expect(await store.repair()).toEqual({ quarantined: [], problems });
  });

  it('keeps the quarantine through a sweep, and sweeps once the damaged checkpoint is deleted', async () => {
    const id = await captureAndDamage();
    writeFileSync(at('a'), 'other');
    const { store, deleteCheckpoints } = await openActivities(bench);
    await store.repair();
    const other = await capture();
    await deleteCheckpoints({ ids: [id] });
    expect(quarantined()).toHaveLength(1);
    expect(await store.check()).toEqual([]);
    expect((await store.list()).map((listed) => listed.id)).toEqual([other]);
  });
});

describe('a damaged index', () => {
  it('is made anew from its pack, and nothing is lost', async () => {
    writeFileSync(at('a'), noise(1));
    const id = await capture();
    flip(packPath('.idx'), 1100);
    const { store, verifyCheckpoint } = await openActivities(bench);
    expect(await store.repair()).toMatchObject({ quarantined: [{ lostObjects: 0 }], problems: [] });
    expect((await verifyCheckpoint({ checkpointId: id, level: 'full' })).problems).toEqual([]);
    fsck();
  });

  it('over a damaged pack leaves what git can find in it', async () => {
    for (const [index, name] of ['a', 'b', 'c'].entries()) writeFileSync(at(name), noise(index));
    await capture();
    const pack = readFileSync(packPath('.pack'));
    flip(packPath('.pack'), pack.length - 1000);
    flip(packPath('.idx'), 1100);
    const { store } = await openActivities(bench);
    const { quarantined: packs } = await store.repair();
    expect(packs).toMatchObject([{ lostObjects: null }]);
    expect(packFiles().filter((file) => file.endsWith('.pack'))).toHaveLength(1);
    const other = await capture();
    expect(await store.verify(other, 'full')).toEqual([]);
  });
});

describe('a pack without an index', () => {
  it('that a killed sweep has left is no damage, and goes with the next sweep', async () => {
    writeFileSync(at('a'), noise(1));
    const id = await capture();
    writeFileSync(at('a'), noise(2));
    const other = await capture();
    const stopping = await openActivities(bench, {
      failpoint(name) {
        if (name === 'sweep.index-removed') throw new Error('stopped');
      },
    });
    await stopping.store.delete([id]);
    await expect(stopping.store.sweep()).rejects.toThrow('stopped');
    const { store } = await openActivities(bench);
    const packs = () => packFiles().filter((file) => file.endsWith('.pack')).length;
    expect(packs()).toBe(packFiles().filter((file) => file.endsWith('.idx')).length + 1);
    expect(await store.check()).toEqual([]);
    await store.sweep();
    expect(packs()).toBe(packFiles().filter((file) => file.endsWith('.idx')).length);
    expect(await store.verify(other, 'full')).toEqual([]);
    fsck();
  });

  it('that is needed is named, is never swept, and is mended by a repair', async () => {
    writeFileSync(at('a'), noise(1));
    const id = await capture();
    rmSync(packPath('.idx'));
    const { store } = await openActivities(bench);
    expect((await store.check()).map(({ checkpointId }) => checkpointId)).toContain(id);
    await expect(store.sweep()).rejects.toThrow();
    expect(packFiles().some((file) => file.endsWith('.pack'))).toBe(true);
    expect(await store.repair()).toMatchObject({ quarantined: [{ lostObjects: 0 }], problems: [] });
    expect(await store.verify(id, 'full')).toEqual([]);
  });
});

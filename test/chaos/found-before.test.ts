import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeInfo, openActivities, restoreOrder } from '../integration/checkpoint-fixtures.ts';
import { makeWorld, pictureOf } from './world.ts';
import type { World } from './world.ts';

/** What the experiments have found, each with the one step that showed it. */
let world: World;
beforeEach(() => {
  world = makeWorld();
});
afterEach(() => {
  world.close();
});

/** A restore that ended at a failpoint as if it were killed there. */
async function stopRestore(failpoint: string): Promise<{ id: string; captured: string }> {
  const { bench, at } = world;
  for (const name of ['a', 'b', 'c']) writeFileSync(at(name), `captured ${name}`);
  const { captureCheckpoint } = await openActivities(bench);
  const { info } = await captureCheckpoint({ info: makeInfo(), root: bench.root });
  const captured = pictureOf(bench);
  for (const name of ['a', 'b', 'c']) writeFileSync(at(name), `present ${name}`);
  const stopping = await openActivities(bench, {
    failpoint(name) {
      if (name === failpoint) throw new Error('stopped');
    },
  });
  await expect(stopping.restoreCheckpoint(restoreOrder(info.id))).rejects.toThrow('stopped');
  return { id: info.id, captured };
}

const journal = (): string => {
  const folder = join(world.bench.storePath, 'restores');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.jsonl')) ?? '');
};

describe('the journal of an interrupted restore', () => {
  it.each([
    ['a path', '"path":"b"', '"path":"B"'],
    ['a slot', '"slot":1', '"slot":3'],
    ['the root', '"root":"', '"root":"/'],
    ['the commit', '"COMMIT"', '"COMMIU"'],
    ['a line end', '\n', '\v'],
  ])('with %s changed is refused, changes nothing, and gives way to force', async (_, before, after) => {
    const { id, captured } = await stopRestore('restore.step.place');
    writeFileSync(journal(), readFileSync(journal(), 'utf8').replace(before, after));
    const half = pictureOf(world.bench);
    const { captureCheckpoint, restoreCheckpoint } = await openActivities(world.bench);
    const refusal = { code: 'restore-failed', nonRetryable: true, remedy: expect.stringContaining('--force') };
    await expect(captureCheckpoint({ info: makeInfo(), root: world.bench.root })).rejects.toMatchObject(refusal);
    await expect(restoreCheckpoint(restoreOrder(id))).rejects.toMatchObject(refusal);
    expect(pictureOf(world.bench)).toBe(half);
    expect(await restoreCheckpoint(restoreOrder(id, { force: true }))).toMatchObject({ success: true });
    expect(pictureOf(world.bench)).toBe(captured);
  });

  it('that was cut off in its last line goes by what it says before', async () => {
    const { captured } = await stopRestore('restore.step.place');
    writeFileSync(journal(), `${readFileSync(journal(), 'utf8')}0123 {"type":"DO`);
    const { captureCheckpoint } = await openActivities(world.bench);
    await captureCheckpoint({ info: makeInfo(), root: world.bench.root });
    expect(pictureOf(world.bench)).toBe(captured);
    await captureCheckpoint({ info: makeInfo(), root: world.bench.root });
  });

  it('whose steps were all taken takes none of them again', async () => {
    await stopRestore('restore.before-clean');
    utimesSync(world.at('a'), 1000, 2000);
    const touched = pictureOf(world.bench);
    const { captureCheckpoint } = await openActivities(world.bench);
    await captureCheckpoint({ info: makeInfo(), root: world.bench.root });
    expect(pictureOf(world.bench)).toBe(touched);
    expect(readdirSync(world.bench.directory).sort()).toEqual(['data', 'store', 'work']);
  });
});

describe('a store that git can no longer read as a whole', () => {
  it.each([
    ['config', 'compression = 1', 'compression = q'],
    ['config', 'objectformat', 'objectformau'],
    ['HEAD', 'ref:', 'rff:'],
  ])('because its %s says %s wrong is put right instead of put away', async (file, before, after) => {
    writeFileSync(world.at('a'), 'a');
    const { captureCheckpoint, store, deleteCheckpoints } = await openActivities(world.bench);
    const { info } = await captureCheckpoint({ info: makeInfo(), root: world.bench.root });
    const path = join(world.bench.storePath, 'repository', file);
    const good = readFileSync(path, 'utf8');
    for (const keepUp of [() => store.repair(), () => deleteCheckpoints({ ids: [] })]) {
      writeFileSync(path, good.replace(before, after));
      await keepUp();
      expect(readFileSync(path, 'utf8')).toBe(good);
      expect(await store.verify(info.id, 'full')).toEqual([]);
    }
    expect((await store.usage()).quarantinedBytes).toBe(0);
  });
});

it('a lock that cannot be read stops no capture and no restore', async () => {
  writeFileSync(world.at('a'), 'a');
  const { captureCheckpoint } = await openActivities(world.bench);
  await captureCheckpoint({ info: makeInfo(), root: world.bench.root });
  writeFileSync(join(world.bench.storePath, 'locks/shared-0'), '{"pid":');
  const { info } = await captureCheckpoint({ info: makeInfo(), root: world.bench.root });
  const { restoreCheckpoint } = await openActivities(world.bench);
  expect(await restoreCheckpoint(restoreOrder(info.id))).toMatchObject({ success: true });
});

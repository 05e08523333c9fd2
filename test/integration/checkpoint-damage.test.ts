import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockName } from '../../src/process/file-locks.ts';
import { createGitStore } from '../../src/store/git-store/create-git-store.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { flip, isRoot, makeInfo, openActivities, restoreOrder, snapshot } from './checkpoint-fixtures.ts';

const { bench, at, capture, leftovers, packFiles, fsck } = newBenchForEach();

describe('a damaged store', () => {
  const onlyPack = (): string => {
    const [name, ...others] = packFiles().filter((file) => file.endsWith('.pack'));
    expect(others).toEqual([]);
    return join(bench.storePath, 'repository/objects/pack', name ?? '');
  };

  it('is found out before a byte reaches the tree, wherever the bit flipped', async () => {
    writeFileSync(at('a'), 'first content '.repeat(40));
    writeFileSync(at('b'), Buffer.from(Array.from({ length: 2000 }, (_, index) => (index * 2654435761) % 253)));
    const id = await capture({ state: { context: { note: 'x'.repeat(300) } } });
    const captured = snapshot(bench.root);
    writeFileSync(at('a'), 'present');
    writeFileSync(at('b'), 'present');
    const present = snapshot(bench.root);
    const path = onlyPack();
    const size = readFileSync(path).length;
    let found = 0;
    for (let offset = 12; offset < size; offset += Math.ceil(size / 60)) {
      flip(path, offset);
      const { restoreCheckpoint, verifyCheckpoint } = await openActivities(bench);
      const { problems } = await verifyCheckpoint({ checkpointId: id, level: 'full' });
      const outcome = await restoreCheckpoint(restoreOrder(id, {}, null)).then(
        (result) => result.success,
        (error: unknown) => error,
      );
      if (outcome === true) {
        // The flip hit nothing that this checkpoint needs, or only git's label on bytes that are good.
        expect(snapshot(bench.root)).toEqual(captured);
        writeFileSync(at('a'), 'present');
        writeFileSync(at('b'), 'present');
      } else {
        found += 1;
        expect(outcome, `offset ${String(offset)}`).toMatchObject({ code: 'checkpoint-corrupt' });
        expect(problems.length).toBeGreaterThan(0);
        expect(snapshot(bench.root).map((line) => line.split(' | ')[7])).toEqual(
          present.map((line) => line.split(' | ')[7]),
        );
      }
      flip(path, offset);
    }
    expect(found).toBeGreaterThan(40);
    expect(leftovers()).toEqual([]);
  }, 120_000);

  it('names every lost path, and stores a damaged content anew rather than build on it', async () => {
    const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 2654435761) % 253));
    writeFileSync(at('a'), content);
    writeFileSync(at('copy'), content);
    const id = await capture();
    const path = onlyPack();
    flip(path, Math.floor(readFileSync(path).length / 3));
    const { verifyCheckpoint, captureCheckpoint, listStored } = await openActivities(bench);
    expect((await verifyCheckpoint({ checkpointId: id, level: 'full' })).problems.map(({ item }) => item)).toEqual([
      'a',
      'copy',
    ]);
    const { info } = await captureCheckpoint({ info: makeInfo(), root: bench.root, parentId: id });
    for (const checkpointId of [id, info.id])
      expect((await verifyCheckpoint({ checkpointId, level: 'full' })).problems).toEqual([]);
    expect(await listStored()).toHaveLength(2);
  });

  it('names a lost ref, an unreadable header and a missing pack', async () => {
    writeFileSync(at('a'), 'x');
    const [id, other] = [await capture(), await capture()];
    const { listStored, verifyCheckpoint, restoreCheckpoint, deleteCheckpoints } = await openActivities(bench);
    writeFileSync(join(bench.storePath, 'repository/refs/checkpoints', other), 'not an object id\n');
    expect((await listStored()).map((stored) => stored.id)).toEqual([id]);
    await expect(restoreCheckpoint(restoreOrder(other))).rejects.toMatchObject({ code: 'checkpoint-corrupt' });
    await expect(deleteCheckpoints({ ids: [] })).rejects.toMatchObject({
      code: 'checkpoint-corrupt',
      details: { checkpointId: other },
    });
    await deleteCheckpoints({ ids: [other] });
    expect((await verifyCheckpoint({ checkpointId: id, level: 'full' })).problems).toEqual([]);
    for (const name of packFiles()) rmSync(join(bench.storePath, 'repository/objects/pack', name), { force: true });
    expect((await verifyCheckpoint({ checkpointId: id, level: 'quick' })).problems).toMatchObject([
      { checkpointId: id, item: 'header' },
    ]);
    expect(await listStored()).toMatchObject([{ id, subject: null }]);
    await expect(deleteCheckpoints({ ids: [] })).rejects.toMatchObject({
      code: 'checkpoint-corrupt',
      details: { checkpointId: id },
    });
    expect(await deleteCheckpoints({ ids: [id] })).toEqual({ freedBytes: 0 });
    expect(await listStored()).toEqual([]);
  });
});

describe('the store on disk', () => {
  it('is not swept under a writer, whose content has no checkpoint yet', async () => {
    writeFileSync(at('a'), 'not published yet');
    const sweeper = await createGitStore({ path: bench.storePath });
    let swept = false;
    let sweeping: Promise<unknown> | undefined;
    const { captureCheckpoint, verifyCheckpoint } = await openActivities(bench, {
      failpoint(name) {
        if (name !== 'put.before-read-back') return;
        sweeping = sweeper.sweep().then(() => (swept = true));
      },
    });
    const { info } = await captureCheckpoint({ info: makeInfo(), root: bench.root });
    expect(sweeping).toBeDefined();
    await sweeping;
    expect(swept).toBe(true);
    expect((await verifyCheckpoint({ checkpointId: info.id, level: 'full' })).problems).toEqual([]);
    expect(readdirSync(join(bench.storePath, 'locks'))).toEqual([]);
  });

  it('outlives locks that a dead process left', async () => {
    const store = await createGitStore({ path: bench.storePath });
    const dead = { pid: 2 ** 22 - 1, host: hostname(), bootId: 'another', startTime: '1' };
    writeFileSync(join(bench.storePath, 'locks', lockName('exclusive', dead)), '');
    await store.sweep();
    expect(readdirSync(join(bench.storePath, 'locks'))).toEqual([]);
  });

  it('is made once when two processes open it together', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => createGitStore({ path: bench.storePath })));
    for (const store of stores) expect(await store.list()).toEqual([]);
    expect(readdirSync(bench.storePath).sort()).toEqual(['locks', 'repository', 'restores']);
  });

  it('is not made over something else', async () => {
    mkdirSync(join(bench.storePath, 'repository'), { recursive: true });
    writeFileSync(join(bench.storePath, 'repository/notes'), 'mine');
    await expect(createGitStore({ path: bench.storePath })).rejects.toMatchObject({
      code: 'store-failed',
      nonRetryable: true,
    });
    expect(readdirSync(join(bench.storePath, 'repository'))).toEqual(['notes']);
  });

  it('deletes checkpoints and frees their bytes', async () => {
    const { captureCheckpoint, deleteCheckpoints, storeUsage, listStored } = await openActivities(bench);
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 2654435761) % 253));
    writeFileSync(at('a'), bytes);
    const first = await captureCheckpoint({ info: makeInfo(), root: bench.root });
    writeFileSync(at('a'), 'small');
    const second = await captureCheckpoint({ info: makeInfo(), root: bench.root });
    const before = (await storeUsage()).bytes;
    const { freedBytes } = await deleteCheckpoints({ ids: [first.info.id] });
    expect(freedBytes).toBeGreaterThan(0);
    expect((await storeUsage()).bytes).toBe(before - freedBytes);
    expect((await listStored()).map(({ id }) => id)).toEqual([second.info.id]);
    expect(fsck()).toBe('');
  });

  it.skipIf(!isRoot)('says that the disk is full, keeps what it has, and works again with room', async () => {
    const mount = join(bench.directory, 'small');
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', mount]);
    try {
      const tight = { ...bench, storePath: join(mount, 'store') };
      const { captureCheckpoint, verifyCheckpoint, store } = await openActivities(tight);
      writeFileSync(at('a'), 'small');
      const { info } = await captureCheckpoint({ info: makeInfo(), root: bench.root });
      writeFileSync(at('b'), execFileSync('head', ['-c', '9000000', '/dev/urandom'], { maxBuffer: 1e8 }));
      const order = { info: makeInfo(), root: bench.root };
      await expect(captureCheckpoint(order)).rejects.toMatchObject({ code: 'disk-full', remedy: expect.any(String) });
      expect(await store.has(order.info.id)).toBe(false);
      expect((await verifyCheckpoint({ checkpointId: info.id, level: 'full' })).problems).toEqual([]);
      writeFileSync(at('b'), execFileSync('head', ['-c', '2000000', '/dev/urandom'], { maxBuffer: 1e8 }));
      expect((await captureCheckpoint(order)).newBytes).toBe(2_000_000);
    } finally {
      execFileSync('umount', [mount]);
    }
  });
});

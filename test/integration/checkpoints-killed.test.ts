import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { newBenchForEach } from './checkpoint-bench.ts';
import {
  disturbTree,
  fillTree,
  makeInfo,
  openActivities,
  restoreOrder,
  runAndKill,
  snapshot,
} from './checkpoint-fixtures.ts';

const { bench, at, capture, leftovers, packFiles, fsck } = newBenchForEach();

// test/chaos/kills.test.ts kills at every failpoint; here the attempt that follows is the same one again.
describe('killed', () => {
  it.each([
    'capture.scanned',
    'put.content',
    'put.before-done',
    'put.before-read-back',
    'put.before-publish',
    'put.after-publish',
  ])(
    'in a capture at %s: what was there stays good, and the next attempt finishes it',
    async (failpoint) => {
      fillTree(bench.root);
      const earlier = await capture();
      writeFileSync(at('src/one.txt'), 'changed');
      writeFileSync(at('new.bin'), Buffer.alloc(2_000_000, 'new'));
      const order = { info: makeInfo(), root: bench.root };
      expect(runAndKill({ bench, capture: order, failpoint })).toBe('SIGKILL');

      const { captureCheckpoint, verifyCheckpoint, listStored, store } = await openActivities(bench);
      expect(packFiles().filter((name) => name.startsWith('tmp_'))).toEqual([]);
      expect((await listStored()).some(({ id }) => id === order.info.id)).toBe(failpoint === 'put.after-publish');
      expect((await captureCheckpoint(order)).state).toBe('complete');
      for (const checkpointId of [earlier, order.info.id]) {
        expect(await verifyCheckpoint({ checkpointId, level: 'full' })).toMatchObject({ problems: [], level: 'full' });
      }
      await store.sweep();
      expect(fsck()).toBe('');
      expect((await verifyCheckpoint({ checkpointId: order.info.id, level: 'full' })).problems).toEqual([]);
    },
    60_000,
  );

  it.each([
    ['restore.planned', 1],
    ['restore.stage-file', 2],
    ['restore.before-commit', 1],
    ['restore.after-commit', 1],
    ['restore.step.place', 2],
    ['restore.step.remove', 4],
    ['restore.before-end', 1],
  ])(
    'in a restore at %s (%d): nothing happened, or the next attempt finishes it',
    async (failpoint, passing) => {
      fillTree(bench.root);
      const captured = snapshot(bench.root);
      const id = await capture();
      disturbTree(bench.root);
      const disturbed = snapshot(bench.root);
      const { restoreCheckpoint } = await openActivities(bench);
      const { plan } = await restoreCheckpoint(restoreOrder(id, { dryRun: true }));
      const order = restoreOrder(id, { planHash: plan.hash });
      runAndKill({ bench, restore: order, failpoint, passing });

      const committed = !['restore.planned', 'restore.stage-file', 'restore.before-commit'].includes(failpoint);
      if (!committed) expect(snapshot(bench.root)).toEqual(disturbed);
      const result = await restoreCheckpoint(order);
      expect(result).toMatchObject({ success: true, dataLoss: false, backupId: order.backup?.id });
      expect(result.plan.changes).toEqual(plan.changes);
      expect(snapshot(bench.root)).toEqual(captured);
      expect(leftovers()).toEqual([]);

      expect(await restoreCheckpoint(restoreOrder(order.backup?.id ?? ''))).toMatchObject({ success: true });
      expect(snapshot(bench.root)).toEqual(disturbed);
    },
    60_000,
  );

  it('after every second step of a restore: a capture finishes it first', async () => {
    fillTree(bench.root);
    const captured = snapshot(bench.root);
    const id = await capture();
    for (let stop = 1; ; stop += 2) {
      disturbTree(bench.root);
      let passed = 0;
      const failing = await openActivities(bench, {
        failpoint(name) {
          if (name.startsWith('restore.step') && (passed += 1) === stop) throw new Error('stopped');
        },
      });
      const stopped = await failing.restoreCheckpoint(restoreOrder(id)).catch((error: unknown) => error);
      if (!(stopped instanceof Error)) break;
      const { captureCheckpoint, restoreCheckpoint } = await openActivities(bench);
      await expect(restoreCheckpoint(restoreOrder(id, { dryRun: true }))).rejects.toMatchObject({
        code: 'target-locked',
      });
      await captureCheckpoint({ info: makeInfo(), root: bench.root });
      expect(snapshot(bench.root), `stopped after step ${String(stop)}`).toEqual(captured);
      expect(leftovers()).toEqual([]);
    }
    expect(snapshot(bench.root)).toEqual(captured);
  }, 120_000);
});

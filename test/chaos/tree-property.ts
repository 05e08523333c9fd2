import fc from 'fast-check';
import { makeInfo, openActivities, restoreOrder } from '../integration/checkpoint-fixtures.ts';
import { createTally } from './outcome.ts';
import type { Outcome, Tell } from './outcome.ts';
import { anyMutations, anyTree, changeTree } from './generated-tree.ts';
import { inspect, makeWorld, pictureOf } from './world.ts';

export interface PropertyOptions {
  runs: number;
  seed: number;
  tell: Tell;
}

function same(what: string, actual: string, expected: string): void {
  if (actual === expected) return;
  const lines = new Set(expected.split('\n'));
  const others = actual.split('\n').filter((line) => !lines.has(line));
  throw new Error(`${what} differs, first in ${JSON.stringify(others.slice(0, 3))}`);
}

/** For trees and changes of any kind: a restore, its undo and the undo of that end where they should, to the last byte. */
export async function checkTrees({ runs, seed, tell }: PropertyOptions): Promise<Outcome> {
  const tally = createTally('generated trees', seed, tell);
  const world = makeWorld();
  world.save('empty');
  const { bench } = world;
  const property = fc.asyncProperty(anyTree, anyMutations, async (tree, mutations) => {
    world.load('empty');
    const files: Buffer[] = [];
    changeTree(bench.root, tree, files);
    const captured = pictureOf(bench);
    const { captureCheckpoint, restoreCheckpoint } = await openActivities(bench);
    const { info } = await captureCheckpoint({ info: makeInfo(), root: bench.root });
    changeTree(bench.root, mutations, files);
    const changed = pictureOf(bench);

    const restored = await restoreCheckpoint(restoreOrder(info.id));
    same('the restored tree', pictureOf(bench), captured);
    const undone = await restoreCheckpoint(restoreOrder(restored.backupId ?? ''));
    same('the tree after the undo', pictureOf(bench), changed);
    await restoreCheckpoint(restoreOrder(undone.backupId ?? ''));
    same('the tree after the undo of the undo', pictureOf(bench), captured);
    const again = await restoreCheckpoint(restoreOrder(info.id, {}, null));
    same('the tree after a restore of nothing', pictureOf(bench), captured);
    if (again.plan.changesTotal !== 0) throw new Error('a restore of nothing has changes');
    const [problem] = await inspect(bench, [info.id, restored.backupId ?? '', undone.backupId ?? '']);
    if (problem !== undefined) throw new Error(problem);
    tally.count('trees');
    tally.count('entries', captured === '' ? 0 : captured.split('\n').length);
  });
  try {
    await fc.assert(property, { seed, numRuns: runs, endOnFailure: true });
  } catch (error) {
    const { message, cause } = error as Error;
    tally.violated(`${String(cause)}; ${message}`);
  } finally {
    world.close();
  }
  tell(`generated trees: ${JSON.stringify(tally.outcome.counts)}`);
  return tally.outcome;
}

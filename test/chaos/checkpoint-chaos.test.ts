import { expect, it } from 'vitest';
import { flipBits } from './bit-flips.ts';
import { fillDisks } from './disk-full.ts';
import { FAILPOINTS, listFailpoints } from './failpoints.ts';
import type { Outcome } from './outcome.ts';
import { checkTrees } from './tree-property.ts';
import { writeTogether } from './writers.ts';

/** Short forms of what `npm run chaos:checkpoints` does at length. */
const options = { seed: 20_260_101, tell: () => undefined };
const SLOW = 120_000;

function expectHeld(outcome: Outcome, ...done: string[]): void {
  expect(outcome.violations).toEqual([]);
  for (const what of done) expect(outcome.counts[what], what).toBeGreaterThan(0);
}

it('no failpoint of the source is left out of the kills', () => {
  expect(listFailpoints()).toEqual(Object.keys(FAILPOINTS).sort());
});

it(
  'a flipped bit anywhere in the store is found before it reaches a tree, or does nothing',
  { timeout: SLOW },
  async () => {
    const outcome = await flipBits({ ...options, flips: 28 });
    expectHeld(outcome, 'flips', 'pack: found', 'lock: harmless');
  },
);

it('a full disk is said to be full, harms nothing, and the store works on with room', { timeout: SLOW }, ({ skip }) => {
  const outcome = fillDisks({ ...options, steps: 2 });
  skip(outcome.skipped !== undefined, outcome.skipped);
  expectHeld(outcome, 'capture, store: disk-full', 'restore, store: disk-full', 'restore, tree: disk-full');
});

it('many processes write and sweep at once, and nothing is missing', { timeout: SLOW }, async () => {
  const outcome = await writeTogether({ ...options, processes: 4, checkpoints: 5, minutes: 0.04 });
  expectHeld(outcome, 'checkpoints made', 'sweeps');
});

it('a restore, its undo and the undo of that end where they should, for any tree', { timeout: SLOW }, async () => {
  expectHeld(await checkTrees({ ...options, runs: 6 }), 'trees');
});

import { setTimeout as delay } from 'node:timers/promises';
import { makeInfo, openActivities, restoreOrder } from '../integration/checkpoint-fixtures.ts';
import { CLASSES, flipBit, setTheScene } from './flip-scenery.ts';
import type { Scenery } from './flip-scenery.ts';
import { createTally, describeError } from './outcome.ts';
import type { Outcome, Tally, Tell } from './outcome.ts';
import { createRandom } from './random.ts';
import { inspect, makeWorld, pictureOf } from './world.ts';

export interface FlipOptions {
  flips: number;
  seed: number;
  tell: Tell;
}

interface Trial {
  scenery: Scenery;
  tally: Tally;
  kind: string;
  seed: number;
}

const PATIENCE_MS = 20_000;

interface Attempted {
  error?: unknown;
  stuck?: true;
}

async function attempt(work: () => Promise<unknown>): Promise<Attempted> {
  const timeOut = new AbortController();
  const stuck = delay<Attempted>(PATIENCE_MS, { stuck: true }, { signal: timeOut.signal }).catch(() => ({}));
  try {
    return await Promise.race([
      stuck,
      work().then(
        () => ({}),
        (error: unknown) => ({ error }),
      ),
    ]);
  } finally {
    timeOut.abort();
  }
}

const isKnown = (error: unknown): boolean => (error as { name?: unknown } | undefined)?.name === 'RerailError';

/** What there is to say against an attempt, whatever it left behind. */
function complaintOf({ error, stuck }: Attempted): string | undefined {
  if (stuck) return `nothing for ${String(PATIENCE_MS)} ms`;
  if (error === undefined || isKnown(error)) return undefined;
  return `found, by an error nobody can act on: ${describeError(error)}`;
}

/** Found before a byte of the tree is changed, or without any effect; never a wrong tree. */
async function restoreFromFlipped({ scenery, tally, kind, seed }: Trial): Promise<void> {
  const { world, base, captured } = scenery;
  const random = createRandom(seed);
  const interrupted = kind === 'journal' && random.next() < 0.8;
  world.load(interrupted ? 'committed' : 'ended');
  const { where } = flipBit(random.pick(CLASSES[kind]?.(world.bench) ?? []), random);
  const label = `seed ${String(seed)}, ${kind}, ${where}`;
  const present = pictureOf(world.bench);
  const captures = interrupted && random.next() < 0.5;
  const backup = random.next() < 0.5;

  const attempted = await attempt(async () => {
    const { captureCheckpoint, restoreCheckpoint } = await openActivities(world.bench);
    // A capture must not take a half-restored tree for anybody's state.
    if (captures) await captureCheckpoint({ info: makeInfo(), root: world.bench.root });
    else await restoreCheckpoint(backup ? restoreOrder(base) : restoreOrder(base, {}, null));
  });
  const now = pictureOf(world.bench);
  const complaint = complaintOf(attempted);
  const failed = attempted.error !== undefined;
  if (complaint !== undefined) tally.violated(`${label}: ${complaint}`);
  else if (!failed && now !== captured) tally.violated(`${label}: success over a wrong tree`);
  else if (failed && now !== present && now !== captured)
    tally.violated(`${label}: ${describeError(attempted.error)}, and the tree changed`);
  else tally.count(`${kind}: ${failed ? 'found' : 'harmless'}`);
  if (failed && kind === 'journal') await forceOverJournal(scenery, tally, label);
}

/** What the error tells one to do must help. */
async function forceOverJournal({ world, base, captured }: Scenery, tally: Tally, label: string): Promise<void> {
  const { error } = await attempt(async () => {
    const { restoreCheckpoint } = await openActivities(world.bench);
    await restoreCheckpoint(restoreOrder(base, { force: true }));
  });
  if (error !== undefined) tally.violated(`${label}: not even with force: ${describeError(error)}`);
  else if (pictureOf(world.bench) !== captured) tally.violated(`${label}: with force, a wrong tree`);
  else tally.count('journal: restored with force');
}

/** Upkeep of a store that misreads itself must not throw away what is good. */
async function keepUpFlipped({ scenery, tally, kind, seed }: Trial): Promise<void> {
  const { world, base } = scenery;
  const random = createRandom(seed);
  world.load('captured');
  const { where, undo } = flipBit(random.pick(CLASSES[kind]?.(world.bench) ?? []), random);
  const repairs = random.next() < 0.4;
  const label = `seed ${String(seed)}, ${repairs ? 'repair' : 'sweep'}, ${kind}, ${where}`;
  const attempted = await attempt(async () => {
    const { deleteCheckpoints, store } = await openActivities(world.bench);
    await (repairs ? store.repair() : deleteCheckpoints({ ids: [] }));
  });
  const complaint = complaintOf(attempted);
  if (complaint !== undefined) tally.violated(`${label}: ${complaint}`);
  undo();
  // The tree still has every content: what a repair rightly gave up is stored anew.
  const healed = await attempt(async () => {
    const { captureCheckpoint, store } = await openActivities(world.bench);
    if (kind === 'idx') await store.repair();
    await captureCheckpoint({ info: makeInfo(), root: world.bench.root });
  });
  if (healed.error !== undefined) tally.violated(`${label}: no capture after it: ${describeError(healed.error)}`);
  else for (const problem of await inspect(world.bench, [base])) tally.violated(`${label}: ${problem}`);
  tally.count(`${kind}: upkeep ${attempted.error === undefined ? 'done' : 'refused'}`);
}

const UPKEEP = ['config', 'HEAD', 'ref', 'idx', 'rev'];

/** One flipped bit in any file of the store. */
export async function flipBits({ flips, seed, tell }: FlipOptions): Promise<Outcome> {
  const tally = createTally('bit flips', seed, tell);
  const world = makeWorld();
  try {
    const scenery = await setTheScene(world);
    const kinds = Object.keys(CLASSES);
    for (let trial = 0; trial < flips; trial += 1) {
      const round = Math.floor(trial / 4);
      // Most of a store is packs.
      if (trial % 4 === 3)
        await keepUpFlipped({ scenery, tally, kind: UPKEEP[round % UPKEEP.length] ?? '', seed: seed + trial });
      else {
        const kind = trial % 4 === 2 ? 'pack' : kinds[(round * 2 + (trial % 4)) % kinds.length];
        await restoreFromFlipped({ scenery, tally, kind: kind ?? 'pack', seed: seed + trial });
      }
      tally.count('flips');
      if (trial % 100 === 99) tell(`bit flips: ${JSON.stringify(tally.outcome.counts)}`);
    }
    return tally.outcome;
  } finally {
    world.close();
  }
}

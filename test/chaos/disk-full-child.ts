import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeInfo, openActivities, restoreOrder } from '../integration/checkpoint-fixtures.ts';
import { createTally, describeError } from './outcome.ts';
import type { Tally } from './outcome.ts';
import { noise } from './scenes.ts';
import { inspect, makeWorld, pictureOf } from './world.ts';
import type { World } from './world.ts';

/** In a mount namespace of its own: what is mounted here goes with this process. */
const order = JSON.parse(process.argv[2] ?? '') as { steps: number; seed: number };

const PAGE = 4096;
const NEW_BYTES = 90_000;
/** What one capture or restore of this tree needs at most, with its backup. */
const ENOUGH = 64 * PAGE;
/** Where the content had found room and the ref that names it had not, which git words in its own way. */
const KNOWN = [25 * PAGE];

interface Place {
  /** The file system that fills up. */
  mount: string;
  world: World;
}

function leaveFree({ mount }: Place, bytes: number): void {
  const { bavail, bsize } = statfsSync(mount);
  const ballast = bavail * bsize - bytes;
  if (ballast > 0) execFileSync('fallocate', ['-l', String(ballast), join(mount, 'ballast')]);
}

const freeAll = ({ mount }: Place): void => rmSync(join(mount, 'ballast'), { force: true });

const saidDiskFull = (error: unknown): boolean => (error as { code?: unknown }).code === 'disk-full';

interface Attempt {
  name: string;
  saved: string;
  kept: string[];
  before: string;
  after: string;
  run: (place: Place) => Promise<unknown>;
}

async function tryWith(place: Place, attempt: Attempt, free: number, tally: Tally): Promise<void> {
  const { world } = place;
  freeAll(place);
  world.load(attempt.saved);
  const label = `${attempt.name} with ${String(free)} bytes free`;
  leaveFree(place, free);
  const error: unknown = await attempt.run(place).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const now = pictureOf(world.bench);
  if (error === undefined) {
    tally.count(`${attempt.name}: fitted`);
    if (now !== attempt.after) tally.violated(`${label}: success over a wrong tree`);
  } else if (!saidDiskFull(error)) tally.violated(`${label}: not said to be full: ${describeError(error)}`);
  else tally.count(`${attempt.name}: disk-full`);
  if (error !== undefined && now !== attempt.before) tally.violated(`${label}: the tree changed`);
  freeAll(place);
  try {
    await attempt.run(place);
    if (pictureOf(world.bench) !== attempt.after) tally.violated(`${label}: with room again, a wrong tree`);
  } catch (reason) {
    tally.violated(`${label}: fails with room again: ${describeError(reason)}`);
  }
  for (const problem of await inspect(world.bench, attempt.kept)) tally.violated(`${label}: ${problem}`);
}

async function prepare(world: World): Promise<Attempt[]> {
  const { bench, at } = world;
  const write = (name: string, seed: number): void => writeFileSync(at(name), noise(seed, NEW_BYTES / 3));
  ['a', 'b', 'c'].forEach((name, index) => {
    write(name, index);
  });
  const activities = await openActivities(bench);
  const { info } = await activities.captureCheckpoint({ info: makeInfo(), root: bench.root });
  const spare = await activities.captureCheckpoint({ info: makeInfo(), root: bench.root });
  const captured = pictureOf(bench);
  ['a', 'b', 'c'].forEach((name, index) => {
    write(name, 10 + index);
  });
  const present = pictureOf(bench);
  world.save('present');
  const common = { saved: 'present', before: present };
  const capture = { info: makeInfo(), root: bench.root };
  const restore = restoreOrder(info.id);
  const kept = [info.id, spare.info.id];
  return [
    {
      ...common,
      name: 'capture',
      after: present,
      kept: [...kept, capture.info.id],
      run: async () => (await openActivities(bench)).captureCheckpoint(capture),
    },
    {
      ...common,
      name: 'restore',
      after: captured,
      kept: [...kept, restore.backup?.id ?? ''],
      run: async () => (await openActivities(bench)).restoreCheckpoint(restore),
    },
    {
      ...common,
      name: 'delete and sweep',
      after: present,
      kept: [info.id],
      run: async () => (await openActivities(bench)).deleteCheckpoints({ ids: [spare.info.id] }),
    },
  ];
}

/** Every amount of room from none at all up to more than enough. */
function amounts(steps: number): number[] {
  const near = [0, 1, 2, 3, 4, 5, 6, 8].map((pages) => pages * PAGE);
  const far = Array.from({ length: steps }, (_, index) => Math.round(((index + 1) * ENOUGH) / steps / PAGE) * PAGE);
  return [...new Set([...near.slice(0, Math.max(2, steps / 3)), ...KNOWN, ...far])];
}

async function fill(where: 'store' | 'tree', tally: Tally): Promise<void> {
  const mount = mkdtempSync(join(tmpdir(), 'rerail-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount]);
  const world = makeWorld(where === 'tree' ? mount : tmpdir());
  const beside = mkdtempSync(join(where === 'tree' ? tmpdir() : mount, 'rerail-store-'));
  try {
    const other = join(beside, 'other');
    mkdirSync(other);
    world.bench.storePath = join(other, 'store');
    world.bench.dataDir = join(other, 'data');
    mkdirSync(world.bench.dataDir);
    const place = { mount, world: withStoreElsewhere(world, other) };
    for (const attempt of await prepare(place.world))
      for (const free of amounts(order.steps)) {
        const named = { ...attempt, name: `${attempt.name}, ${where}` };
        await tryWith(place, named, free, tally);
      }
  } finally {
    world.close();
    rmSync(beside, { recursive: true, force: true });
    execFileSync('umount', [mount]);
    rmdirSync(mount);
  }
}

/** Saved and loaded together with the world, though it lies on another file system. */
function withStoreElsewhere(world: World, other: string): World {
  const copyOf = (name: string): string => `${other}-${name}`;
  return {
    ...world,
    save(name) {
      world.save(name);
      execFileSync('cp', ['-a', other, copyOf(name)]);
    },
    load(name) {
      world.load(name);
      rmSync(other, { recursive: true, force: true });
      execFileSync('cp', ['-a', copyOf(name), other]);
    },
  };
}

const tally = createTally('full disk', order.seed, () => undefined);
for (const where of ['store', 'tree'] as const) await fill(where, tally);
process.stdout.write(JSON.stringify(tally.outcome));

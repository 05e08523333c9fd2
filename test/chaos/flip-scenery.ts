import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { lockName } from '../../src/process/file-locks.ts';
import { makeInfo, openActivities, restoreOrder } from '../integration/checkpoint-fixtures.ts';
import type { Bench } from '../integration/checkpoint-fixtures.ts';
import type { Random } from './random.ts';
import { noise } from './scenes.ts';
import { packPaths, pictureOf } from './world.ts';
import type { World } from './world.ts';

const inStore = (bench: Bench, ...parts: string[]): string => join(bench.storePath, ...parts);
const below = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];

/** Every kind of file that a store has, and where they are. */
export const CLASSES: Readonly<Record<string, (bench: Bench) => string[]>> = {
  pack: (bench) => packPaths(bench, '.pack'),
  idx: (bench) => packPaths(bench, '.idx'),
  rev: (bench) => packPaths(bench, '.rev'),
  ref: (bench) => below(inStore(bench, 'repository/refs/checkpoints')),
  config: (bench) => [inStore(bench, 'repository/config')],
  HEAD: (bench) => [inStore(bench, 'repository/HEAD')],
  journal: (bench) => below(inStore(bench, 'restores')).filter((path) => path.endsWith('.jsonl')),
  lock: (bench) => below(inStore(bench, 'locks')),
};

export interface Scenery {
  world: World;
  /** The checkpoint that is restored, and the tree as it was captured. */
  base: string;
  captured: string;
}

/** A lock of a process that died: whoever comes next has to judge it. */
function leaveLock(bench: Bench): void {
  const dead = { pid: 2 ** 22 - 1, host: hostname(), bootId: 'of-another-boot', startTime: '1' };
  writeFileSync(inStore(bench, 'locks', lockName('shared', dead)), 'bits');
}

/** Something for a sweep to free, in a pack of its own and in one with what must stay. */
async function leaveDead({ bench, at }: World, parentId: string): Promise<void> {
  writeFileSync(at('dead'), noise(99, 3000));
  const { captureCheckpoint, store } = await openActivities(bench);
  const { info } = await captureCheckpoint({ info: makeInfo(), root: bench.root, parentId });
  await store.delete([info.id]);
  rmSync(at('dead'));
  writeReverseIndexes(bench);
}

/** This git may be too old to write them by itself; a later one does. */
function writeReverseIndexes(bench: Bench): void {
  const env = { PATH: process.env['PATH'], GIT_DIR: inStore(bench, 'repository') };
  for (const pack of packPaths(bench, '.pack')) execFileSync('git', ['index-pack', '--rev-index', pack], { env });
}

/** A few files of each size class, and a change of each kind against them. */
export async function setTheScene(world: World): Promise<Scenery> {
  const { bench, at } = world;
  for (const [index, size] of [0, 1, 300, 5000, 40_000].entries())
    writeFileSync(at(`f${String(index)}`), noise(index, size));
  for (const index of [1, 2, 3])
    writeFileSync(at(`text-${String(index)}`), `line ${String(index)}\n`.repeat(40 * index));
  const { captureCheckpoint, restoreCheckpoint } = await openActivities(bench);
  const { info } = await captureCheckpoint({
    info: makeInfo(),
    root: bench.root,
    state: { context: { a: 'x'.repeat(200) } },
  });
  const captured = pictureOf(bench);
  await leaveDead(world, info.id);
  world.save('captured');
  const disturb = (): void => {
    for (const name of ['f0', 'f2', 'f4', 'text-1', 'stray']) writeFileSync(at(name), `present ${name}`);
  };
  disturb();
  await restoreCheckpoint(restoreOrder(info.id));
  disturb();
  leaveLock(bench);
  writeReverseIndexes(bench);
  world.save('ended');
  // Stopped in the middle: its journal is committed and not ended.
  let passed = 0;
  const stopping = await openActivities(bench, {
    failpoint(name) {
      if (name === 'restore.step.place' && (passed += 1) === 2) throw new Error('stopped here');
    },
  });
  await stopping.restoreCheckpoint(restoreOrder(info.id)).catch((error: unknown) => {
    if (!(error instanceof Error) || error.message !== 'stopped here') throw error;
  });
  leaveLock(bench);
  world.save('committed');
  return { world, base: info.id, captured };
}

/** Says where; `undo` puts the bit back where the file is still in its place. */
export function flipBit(path: string, random: Random): { where: string; undo: () => void } {
  const bit = random.below(8);
  const offset = random.below(statSync(path).size);
  const flip = (): void => {
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << bit), offset);
    const { mode } = statSync(path);
    chmodSync(path, 0o600);
    writeFileSync(path, bytes);
    chmodSync(path, mode);
  };
  flip();
  const undo = (): void => {
    if (existsSync(path)) flip();
  };
  return { where: `bit ${String(bit)} of byte ${String(offset)}`, undo };
}

import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createArtifactActivities } from '../../src/activities/artifacts/create-artifact-activities.ts';
import { disturbTree, fillTree, makeInfo, openActivities, restoreOrder } from '../integration/checkpoint-fixtures.ts';
import { carryOut, type Step } from './child-process.ts';
import { gitPictureOf, makeRepository, wreckRepository } from './git-scene.ts';
import { packPaths, pictureOf, type World } from './world.ts';

export interface Scene {
  name: string;
  /** Saved state of the world from which each trial starts. */
  saved: string;
  steps: Step[];
  /** Checkpoints that are there at the start and must be there, and good, at every end. */
  kept: string[];
}

export interface RehearsedScene extends Scene {
  before: string;
  after: string;
  /** How long it takes when nobody interrupts it. */
  ms: number;
}

export const worldPicture = ({ bench }: World): string => `${pictureOf(bench)}\n${gitPictureOf(bench.root)}`;

/** Bytes that do not compress. */
export const noise = (seed: number, length: number): Buffer =>
  createHash('shake256', { outputLength: length }).update(String(seed)).digest();

async function capture({ bench }: World): Promise<string> {
  const { captureCheckpoint } = await openActivities(bench);
  const { info } = await captureCheckpoint({ info: makeInfo(), root: bench.root });
  return info.id;
}

async function captureScenes(world: World): Promise<Scene[]> {
  world.load('empty');
  fillTree(world.bench.root);
  const base = await capture(world);
  disturbTree(world.bench.root);
  writeFileSync(world.at('new.bin'), noise(1, 400_000));
  world.save('disturbed');
  const order = (parentId?: string): Step => ({
    do: 'capture',
    input: { info: makeInfo(), root: world.bench.root, ...(parentId === undefined ? {} : { parentId }) },
  });
  const restore = (options: Parameters<typeof restoreOrder>[1] = {}): Step[] => [
    { do: 'restore', input: restoreOrder(base, options) },
  ];
  const common = { saved: 'disturbed', kept: [base] };
  return [
    { ...common, name: 'capture', steps: [order(), order()] },
    { ...common, name: 'incremental capture', steps: [order(base)] },
    { ...common, name: 'full restore', steps: restore() },
    { ...common, name: 'selective restore', steps: restore({ scope: { files: ['src', 'large.bin'] } }) },
  ];
}

async function undoScene(world: World): Promise<Scene> {
  world.load('empty');
  fillTree(world.bench.root);
  const base = await capture(world);
  disturbTree(world.bench.root);
  const { restoreCheckpoint } = await openActivities(world.bench);
  const { backupId = '' } = await restoreCheckpoint(restoreOrder(base));
  world.save('restored');
  const steps: Step[] = [{ do: 'restore', input: restoreOrder(backupId) }];
  return { name: 'undo', saved: 'restored', steps, kept: [base, backupId] };
}

async function gitScene(world: World): Promise<Scene> {
  world.load('empty');
  makeRepository(world.bench.root);
  const base = await capture(world);
  wreckRepository(world.bench.root);
  world.save('wrecked');
  const steps: Step[] = [{ do: 'restore', input: restoreOrder(base, { parts: ['files', 'git'] }) }];
  return { name: 'restore with git', saved: 'wrecked', steps, kept: [base] };
}

async function artifactScene(world: World): Promise<Scene> {
  world.load('empty');
  const save = async (seed: number): Promise<void> => {
    writeFileSync(world.at('app'), noise(seed, 60_000));
    const { saveArtifacts } = createArtifactActivities(world.bench);
    const artifacts = [{ name: 'app', path: 'app' }];
    await saveArtifacts({ subject: makeInfo().subject, workspace: world.bench.root, artifacts });
  };
  await save(1);
  const base = await capture(world);
  await save(2);
  world.save('second version');
  const steps: Step[] = [{ do: 'restore', input: restoreOrder(base) }];
  return { name: 'restore with artifacts', saved: 'second version', steps, kept: [base] };
}

async function sweepScene(world: World): Promise<Scene> {
  world.load('empty');
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    writeFileSync(world.at('a'), noise(index, 60_000));
    writeFileSync(world.at(`b${String(index)}`), noise(100 + index, 20_000));
    ids.push(await capture(world));
  }
  world.save('many');
  const [first = '', second = '', third = '', ...rest] = ids;
  const steps: Step[] = [
    { do: 'delete', ids: [first] },
    { do: 'delete', ids: [third] },
  ];
  return { name: 'sweep', saved: 'many', steps, kept: [second, ...rest] };
}

async function repairScene(world: World): Promise<Scene> {
  world.load('empty');
  for (const index of [1, 2, 3]) writeFileSync(world.at(`noise-${String(index)}`), noise(index, 60_000));
  const base = await capture(world);
  const [pack = ''] = packPaths(world.bench, '.pack');
  const bytes = readFileSync(pack);
  const offset = bytes.length >> 1;
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 4, offset);
  chmodSync(pack, 0o600);
  writeFileSync(pack, bytes);
  world.save('damaged');
  // The live tree still has what was lost: the capture that settles a trial heals the checkpoint.
  return { name: 'repair', saved: 'damaged', steps: [{ do: 'repair' }], kept: [base] };
}

async function replicaScenes(world: World): Promise<Scene[]> {
  world.load('empty');
  fillTree(world.bench.root);
  const base = await capture(world);
  const file = join(world.bench.dataDir, 'bundle');
  const { store } = await openActivities(world.bench);
  await store.exportBundle(base, file);
  world.save('exported');
  // The same checkpoint came to be elsewhere: here it is unknown, and its content too.
  await store.delete([base]);
  await store.sweep();
  writeFileSync(world.at('resident'), noise(7, 10_000));
  const resident = await capture(world);
  world.save('importing');
  return [
    { name: 'replica export', saved: 'exported', steps: [{ do: 'export', id: base, file }], kept: [base] },
    { name: 'replica import', saved: 'importing', steps: [{ do: 'import', id: base, file }], kept: [resident] },
  ];
}

/** Runs each once without a kill, to know both trees and how long it takes. */
async function rehearse(world: World, scene: Scene): Promise<RehearsedScene> {
  world.load(scene.saved);
  const before = worldPicture(world);
  const started = performance.now();
  const activities = await openActivities(world.bench);
  for (const step of scene.steps) await carryOut(activities, step);
  const ms = performance.now() - started;
  return { ...scene, before, after: worldPicture(world), ms };
}

export async function prepareScenes(world: World): Promise<RehearsedScene[]> {
  world.save('empty');
  const scenes = [
    ...(await captureScenes(world)),
    await undoScene(world),
    await gitScene(world),
    await artifactScene(world),
    await sweepScene(world),
    await repairScene(world),
    ...(await replicaScenes(world)),
  ];
  const rehearsed: RehearsedScene[] = [];
  for (const scene of scenes) rehearsed.push(await rehearse(world, scene));
  return rehearsed;
}

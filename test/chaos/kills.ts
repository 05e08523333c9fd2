import { makeInfo, openActivities } from '../integration/checkpoint-fixtures.ts';
import { createChildren } from './child-process.ts';
import type { Children, Ended } from './child-process.ts';
import { FAILPOINTS, listFailpoints } from './failpoints.ts';
import { createTally, describeError } from './outcome.ts';
import type { Outcome, Tally, Tell } from './outcome.ts';
import { createRandom } from './random.ts';
import { prepareScenes, worldPicture } from './scenes.ts';
import type { RehearsedScene } from './scenes.ts';
import { inspect, makeWorld } from './world.ts';
import type { World } from './world.ts';

export interface KillOptions {
  kills: number;
  seed: number;
  tell: Tell;
}

interface Stand {
  world: World;
  children: Children;
  tally: Tally;
}

/** How often the attempt that follows a kill is killed as well. */
const AGAIN = 0.25;

/** The next activity there brings the world to rest; then everything that was promised is looked for. */
async function settleAndJudge(
  { world, tally }: Stand,
  scene: RehearsedScene,
  label: string,
  killed: readonly Ended[],
): Promise<void> {
  const acknowledged = new Set([...scene.kept, ...killed.flatMap((ended) => ended.acknowledged)]);
  try {
    const { captureCheckpoint } = await openActivities(world.bench);
    const { info } = await captureCheckpoint({ info: makeInfo(), root: world.bench.root });
    acknowledged.add(info.id);
    const picture = worldPicture(world);
    if (picture === scene.before) tally.count('tree as before');
    else if (picture === scene.after) tally.count('tree as after');
    else tally.violated(`${label}: torn tree`);
    for (const problem of await inspect(world.bench, acknowledged)) tally.violated(`${label}: ${problem}`);
    tally.count('acknowledged checkpoints verified', acknowledged.size);
  } catch (error) {
    tally.violated(`${label}: cannot be settled: ${describeError(error)}`);
  }
}

async function killAtRandom(stand: Stand, scenes: readonly RehearsedScene[], seed: number): Promise<void> {
  const random = createRandom(seed);
  const scene = random.pick(scenes);
  const { world, children, tally } = stand;
  world.load(scene.saved);
  const killed: Ended[] = [];
  do {
    const plan = { afterMs: random.next() * scene.ms * 1.05, group: random.next() < 0.5 };
    const ended = await children.run({ bench: world.bench, steps: scene.steps }, plan);
    killed.push(ended);
    tally.count(ended.finished ? 'kills that came too late' : 'kills');
    if (!ended.finished && ended.signal === null)
      tally.violated(`seed ${String(seed)}, ${scene.name}: failed instead of being killed: ${ended.stderr}`);
  } while (random.next() < AGAIN);
  await settleAndJudge(stand, scene, `seed ${String(seed)}, ${scene.name}`, killed);
}

async function killAtFailpoints(stand: Stand, scenes: readonly RehearsedScene[]): Promise<void> {
  for (const name of listFailpoints()) {
    const { scene: wanted, passing = 1 } = FAILPOINTS[name] ?? {};
    const scene = scenes.find((candidate) => candidate.name === wanted);
    if (scene === undefined) {
      stand.tally.violated(`failpoint ${name} is in no scene: name it in test/chaos/failpoints.ts`);
      continue;
    }
    stand.world.load(scene.saved);
    const order = { bench: stand.world.bench, steps: scene.steps, failpoint: { name, passing } };
    const ended = await stand.children.run(order);
    if (ended.signal !== 'SIGKILL') stand.tally.violated(`failpoint ${name} was not passed: ${ended.stderr}`);
    else stand.tally.count('kills at failpoints');
    await settleAndJudge(stand, scene, `failpoint ${name}`, [ended]);
  }
}

/** SIGKILL at every named place and at random moments: no torn tree, no acknowledged checkpoint lost. */
export async function killChildren({ kills, seed, tell }: KillOptions): Promise<Outcome> {
  const tally = createTally('kills', seed, tell);
  const world = makeWorld();
  const children = createChildren(2);
  const stand: Stand = { world, children, tally };
  try {
    const scenes = await prepareScenes(world);
    await killAtFailpoints(stand, scenes);
    for (let trial = 0; (tally.outcome.counts['kills'] ?? 0) < kills; trial += 1) {
      await killAtRandom(stand, scenes, seed + trial);
      if (trial % 25 === 24) tell(`kills: ${JSON.stringify(tally.outcome.counts)}`);
    }
    return tally.outcome;
  } finally {
    children.close();
    world.close();
  }
}

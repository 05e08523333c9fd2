import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeInfo, openActivities } from '../integration/checkpoint-fixtures.ts';
import type { WriterOrder } from './writers.ts';
import { createRandom } from './random.ts';
import { noise } from './scenes.ts';

const order = JSON.parse(process.argv[2] ?? '') as WriterOrder;
const { bench, checkpoints, seed, deleteEvery } = order;
const random = createRandom(seed);
const activities = await openActivities({ ...bench, close: () => undefined });
const until = order.untilMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + order.untilMs;
const own: string[] = [];
let made = 0;

for (; made < checkpoints && Date.now() < until; made += 1) {
  // Some content is its own, some is that of every writer, some was deleted a moment ago.
  writeFileSync(join(bench.root, 'own'), noise(seed * 1000 + made, 2000));
  writeFileSync(join(bench.root, 'shared'), noise(random.below(4), 3000));
  const parentId = own.at(-1);
  const input = { info: makeInfo(), root: bench.root, ...(parentId === undefined ? {} : { parentId }) };
  const { info } = await activities.captureCheckpoint(input);
  own.push(info.id);
  if (deleteEvery > 0 && made % deleteEvery === deleteEvery - 1) {
    const [gone = ''] = own.splice(random.below(own.length), 1);
    await activities.deleteCheckpoints({ ids: [gone] });
  }
}
process.stdout.write(JSON.stringify({ made, kept: own }));

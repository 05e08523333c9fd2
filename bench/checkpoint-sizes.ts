import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { timed, type Samples } from './checkpoint-samples.ts';
import { openBenchStore } from './checkpoint-store.ts';
import { makeTree, wipe } from './checkpoint-tree.ts';

/** Files of 15 to 16 kB in the mean, as in the large tree. */
const SIZES = [
  { name: '30 MB', files: 2000, bytes: 30_000_000 },
  { name: '80 MB', files: 5000, bytes: 80_000_000 },
];

/** Of trees of each size: the first checkpoint in an empty store, and its restore into an emptied root. */
export async function measureSizes(home: string, rounds: number, samples: Samples): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, ...size } of SIZES) {
      const [root, directory] = [join(home, 'sized-tree'), join(home, 'sized')];
      makeTree(root, size);
      const { capture, restore } = await openBenchStore(directory);
      let id = '';
      await timed(samples, `${name} create`, async () => (id = await capture(root)));
      wipe(root);
      await timed(samples, `${name} restore`, () => restore(id));
      for (const made of [root, directory]) rmSync(made, { recursive: true });
    }
  }
}

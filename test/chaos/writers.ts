import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openActivities, type Bench } from '../integration/checkpoint-fixtures.ts';
import { nodeCommand, projectRoot } from '../support/node-command.ts';
import { createTally, describeError } from './outcome.ts';
import type { Outcome, Tally, Tell } from './outcome.ts';
import { inspect, makeWorld } from './world.ts';
import type { World } from './world.ts';

export interface WriterOptions {
  processes: number;
  checkpoints: number;
  /** How long writers and sweeps go on beside each other. */
  minutes: number;
  seed: number;
  tell: Tell;
}

export interface WriterOrder {
  bench: Omit<Bench, 'close'>;
  checkpoints: number;
  seed: number;
  /** After so many of its checkpoints a writer deletes one of them, which sweeps; 0: never. */
  deleteEvery: number;
  untilMs?: number;
}

interface Written {
  made: number;
  kept: string[];
}

async function runWriter(order: WriterOrder): Promise<Written> {
  const [command, ...args] = nodeCommand(new URL('writer-child.ts', import.meta.url), JSON.stringify(order));
  const { stdout } = await promisify(execFile)(command, args, { cwd: projectRoot, maxBuffer: 1 << 26 });
  return JSON.parse(stdout) as Written;
}

/** Each on a directory of its own, all on one store. */
async function runWriters(
  world: World,
  processes: number,
  order: Omit<WriterOrder, 'bench'>,
  tally: Tally,
): Promise<Written[]> {
  const running = Array.from({ length: processes }, async (_, index) => {
    const root = join(world.bench.dataDir, `work-${String(order.seed)}-${String(index)}`);
    mkdirSync(root, { recursive: true });
    const { directory, storePath, dataDir } = world.bench;
    // The workspaces must not hold the data directory, nor it them.
    const bench = { directory, storePath, dataDir: join(dataDir, `own-${String(index)}`), root };
    return runWriter({ ...order, bench, seed: order.seed + index });
  });
  const ended = await Promise.allSettled(running);
  return ended.flatMap((result) => {
    if (result.status === 'fulfilled') return [result.value];
    const { stderr } = result.reason as { stderr?: string };
    tally.violated(`a writer failed: ${stderr ?? describeError(result.reason)}`);
    return [];
  });
}

async function expectAll(world: World, ids: readonly string[], tally: Tally): Promise<void> {
  const { store } = await openActivities(world.bench);
  const refs = (await store.list()).length;
  tally.count('refs', refs);
  if (refs !== ids.length)
    tally.violated(`${String(ids.length)} checkpoints were acknowledged, ${String(refs)} are there`);
  for (const problem of await inspect(world.bench, ids)) tally.violated(problem);
}

/** Many processes on one store at once; then the same with deletions and sweeps among them: nothing is missing. */
export async function writeTogether(options: WriterOptions): Promise<Outcome> {
  const { processes, checkpoints, minutes, seed, tell } = options;
  const tally = createTally('many writers', seed, tell);
  const world = makeWorld();
  try {
    const written = await runWriters(world, processes, { checkpoints, seed, deleteEvery: 0 }, tally);
    tally.count(
      'checkpoints made',
      written.reduce((sum, { made }) => sum + made, 0),
    );
    const first = written.flatMap(({ kept }) => kept);
    if (first.length !== processes * checkpoints) tally.violated(`only ${String(first.length)} were acknowledged`);
    await expectAll(world, first, tally);
    tell(`many writers: ${JSON.stringify(tally.outcome.counts)}`);
    const sweeping = { checkpoints: 1_000_000, seed: seed + 1000, deleteEvery: 3, untilMs: minutes * 60_000 };
    const swept = await runWriters(world, Math.min(processes, 4), sweeping, tally);
    tally.count(
      'checkpoints made beside sweeps',
      swept.reduce((sum, { made }) => sum + made, 0),
    );
    tally.count(
      'sweeps',
      swept.reduce((sum, { made, kept }) => sum + made - kept.length, 0),
    );
    tally.outcome.counts['refs'] = 0;
    await expectAll(world, [...first, ...swept.flatMap(({ kept }) => kept)], tally);
    return tally.outcome;
  } finally {
    world.close();
  }
}

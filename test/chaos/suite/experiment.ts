import type { Random } from '../random.ts';
import type { Account } from './account.ts';
import { makeChaosWorld, type ChaosWorld, type WorldOptions } from './world.ts';

export interface Experiment {
  name: string;
  /** In one line. */
  what: string;
  /** On two cores: in full, and with `--short`. */
  minutes: readonly [number, number];
  run: (context: ExperimentContext) => Promise<void>;
}

export interface ExperimentContext {
  account: Account;
  /** The same trials for the same seed, as far as chance is ours. */
  random: Random;
  seed: number;
  short: boolean;
}

/** It needs something that is not here. The row says so. */
export class NotRun extends Error {}

export async function inWorld(options: WorldOptions, work: (world: ChaosWorld) => Promise<void>): Promise<void> {
  const world = await makeChaosWorld(options);
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

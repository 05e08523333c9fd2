import { flipBits } from './bit-flips.ts';
import { fillDisks } from './disk-full.ts';
import { killChildren } from './kills.ts';
import type { Outcome, Tell } from './outcome.ts';
import { checkTrees } from './tree-property.ts';
import { writeTogether } from './writers.ts';

export interface ChaosOptions {
  kills: number;
  flips: number;
  /** How long writers and sweeps go on beside each other. */
  minutes: number;
  seed: number;
  tell: Tell;
}

/** All of them, one after the other: each is to have the machine for itself. */
export async function runExperiments({ kills, flips, minutes, seed, tell }: ChaosOptions): Promise<Outcome[]> {
  return [
    await killChildren({ kills, seed, tell }),
    await flipBits({ flips, seed, tell }),
    fillDisks({ steps: 64, seed, tell }),
    await writeTogether({ processes: 16, checkpoints: 50, minutes, seed, tell }),
    await checkTrees({ runs: 200, seed, tell }),
  ];
}

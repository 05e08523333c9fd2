// What Rerail adds to a bare Temporal workflow: the same three no-op activities, the same process, server and options.
import { ratioOf } from './bar.ts';
import { summarise, type Summary } from './measure.ts';
import { bareWork, recoveryWork } from './work.ts';
import { inBenchWorld } from './world.ts';

const ROUNDS = 60;
const WARM_UP = 10;
/** Times as long as the bare workflow, at most. */
export const OVERHEAD_BOUND = 1.15;

export interface OverheadResult {
  bench: 'overhead';
  unit: 'ms';
  rounds: number;
  bare: Summary;
  recovery: Summary;
  ratio: number;
  bound: number;
  withinBound: boolean;
}

export const measureOverhead = (): Promise<OverheadResult> =>
  inBenchWorld(async ({ client, taskQueue }) => {
    const place = { client, taskQueue, workerIsHere: true };
    const runBare = bareWork(place, 'threeNoOps');
    const runRecovery = recoveryWork(place);
    const samples: Record<'bare' | 'recovery', number[]> = { bare: [], recovery: [] };
    const time = async (name: keyof typeof samples, run: () => Promise<void>, round: number): Promise<void> => {
      const started = performance.now();
      await run();
      if (round >= WARM_UP) samples[name].push(performance.now() - started);
    };
    // Turn about, so that whatever else the machine does meets both alike.
    for (let round = 0; round < ROUNDS + WARM_UP; round++) {
      await time('bare', runBare, round);
      await time('recovery', runRecovery, round);
    }
    const bare = summarise(samples.bare);
    const recovery = summarise(samples.recovery);
    const ratio = ratioOf(recovery.p50, bare.p50);
    return {
      bench: 'overhead',
      unit: 'ms',
      rounds: ROUNDS,
      bare,
      recovery,
      ratio,
      bound: OVERHEAD_BOUND,
      withinBound: ratio <= OVERHEAD_BOUND,
    };
  });

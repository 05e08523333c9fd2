import { drive, type Batch } from '../drive.ts';
import { summarise, type Summary } from '../measure.ts';

/** Somebody who does the work of three durable steps. */
export interface Contender {
  name: string;
  /** `count` times, `inFlight` at a time. */
  batch: (count: number, inFlight: number) => Promise<Batch>;
  /** Measured one at a time only. */
  oneAtATime?: boolean;
}

export const contenderOf = (name: string, work: () => Promise<unknown>): Contender => ({
  name,
  batch: (count, inFlight) => drive(count, inFlight, work),
});

export interface Level {
  inFlight: number;
  /** Of one batch. */
  count: number;
}

export interface LoadPlan {
  rounds: number;
  levels: readonly Level[];
}

/** Times in ms, from start to result. */
export interface Load extends Summary {
  perSecond: number;
}

/** By how many are in flight, then by name. */
export type Loads = Record<string, Record<string, Load>>;

const loadOf = (batches: readonly Batch[]): Load => {
  const ms = batches.flatMap((batch) => batch.ms);
  const wallMs = batches.reduce((sum, batch) => sum + batch.wallMs, 0);
  return { ...summarise(ms), perSecond: Math.round((ms.length / wallMs) * 10_000) / 10 };
};

/** Batches of all, turn about, so that whatever else the machine does meets all alike. */
export async function measureLoad(contenders: readonly Contender[], { rounds, levels }: LoadPlan): Promise<Loads> {
  const loads: Loads = {};
  for (const { inFlight, count } of levels) {
    const taking = contenders.filter(({ oneAtATime = false }) => inFlight === 1 || !oneAtATime);
    const batches = new Map<string, Batch[]>(taking.map(({ name }) => [name, []]));
    // One that nobody counts: caches, connections and compiled code are of this level then.
    for (const { batch } of taking) await batch(Math.ceil(count / 2), inFlight);
    for (let round = 0; round < rounds; round += 1) {
      // Each of them is the first in its turn.
      const turn = round % taking.length;
      for (const { name, batch } of [...taking.slice(turn), ...taking.slice(0, turn)]) {
        batches.get(name)?.push(await batch(count, inFlight));
      }
    }
    loads[String(inFlight)] = Object.fromEntries([...batches].map(([name, found]) => [name, loadOf(found)]));
  }
  return loads;
}

import { setTimeout as delay } from 'node:timers/promises';
import { describeError } from '../outcome.ts';
import type { Account } from './account.ts';
import { settle, type Acknowledged, type Kind } from './scenario.ts';
import { patiently, type ChaosWorld } from './world.ts';

/** What is under way, for whoever breaks things meanwhile. */
export interface Weather {
  /** Acknowledged and without a report so far. */
  open: () => number;
  /** Nothing more is to come. */
  isOver: () => boolean;
  /** True as soon as something is open; false: it is over. */
  somethingOpen: () => Promise<boolean>;
}

export interface StormOptions {
  /** At least. */
  recoveries: number;
  /** Starts more for as long as things are broken. */
  goesOn?: boolean;
  /** In turn. */
  kinds: readonly Kind[];
  /** At the same time; default: all of them. */
  inFlight?: number;
  /** Breaks things while recoveries are under way, and leaves everything whole. */
  inject: (weather: Weather) => Promise<void>;
  onReport?: (report: unknown) => void;
}

/** At the same time, for each of them is a request that waits. */
const MOST_WAITS = 64;
const MOST_STARTS = 8;

const inParallel = (many: number, work: () => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: many }, work));

/** Starts recoveries, has them disturbed, and judges every one that was acknowledged. */
export async function runStorm(world: ChaosWorld, account: Account, options: StormOptions): Promise<void> {
  const { recoveries, goesOn = false, kinds, inFlight = recoveries, inject, onReport } = options;
  const waiting: Acknowledged[] = [];
  let next = 0;
  let open = 0;
  let settled = 0;
  let isBreaking = true;
  const moreToCome = (): boolean => next < recoveries || (goesOn && isBreaking);
  const isOver = (): boolean => !moreToCome() && settled >= next;
  const start = async (): Promise<void> => {
    for (;;) {
      while (open >= inFlight && moreToCome()) await delay(50);
      if (!moreToCome()) return;
      const index = next++;
      const kind = kinds[index % kinds.length] ?? 'NINE';
      const name = `${account.row.experiment}-${account.row.seed}-${index}`;
      try {
        const acknowledged = await patiently(() => world.start(name, kind), 300_000);
        open += 1;
        waiting.push(acknowledged);
      } catch (error) {
        account.wrong('other', `${name} could not be started: ${describeError(error)}`);
        settled += 1;
      }
    }
  };
  const judge = async (): Promise<void> => {
    while (!isOver()) {
      const acknowledged = waiting.shift();
      if (!acknowledged) {
        await delay(50);
        continue;
      }
      await settle(acknowledged, account, onReport);
      open -= 1;
      settled += 1;
      if (settled % 100 === 0) account.tell(`${settled} of ${next} judged`);
    }
  };
  const somethingOpen = async (): Promise<boolean> => {
    while (open === 0 && !isOver()) await delay(20);
    return !isOver();
  };
  await Promise.all([
    inParallel(MOST_STARTS, start),
    inParallel(MOST_WAITS, judge),
    // What is under way is judged all the same.
    inject({ open: () => open, isOver, somethingOpen })
      .catch((error: unknown) => account.wrong('other', `the faults broke off: ${describeError(error)}`))
      .finally(() => (isBreaking = false)),
  ]);
  account.count('recoveries started', next);
  if (world.endedByThemselves() > 0) account.count('workers that ended by themselves', world.endedByThemselves());
}

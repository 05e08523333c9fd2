// What the cost of a recovery is made of, and how it grows. Counts, sizes and processor time; no bars.
import { cpus, loadavg } from 'node:os';
import { measureFinished, type FinishedLevel } from './growth.ts';
import { KINDS } from './kinds.ts';
import { measureLasting, type Lasting, type LastingExtent } from './lasting.ts';
import { measureRecoveries, type OneRecoveryExtent, type RecoveryCost } from './one-recovery.ts';
import { measureOpen, type OpenLevel } from './open-ones.ts';
import { inScaleWorld } from './scale-world.ts';

interface Extent {
  one: OneRecoveryExtent;
  lasting: LastingExtent;
}

const FULL: Extent = {
  one: { runs: 20, plans: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], kinds: KINDS },
  lasting: { times: 10, seconds: 60, periodSeconds: 10 },
};

const QUICK_KINDS = new Set(['retry', 'manual', 'rollback', 'approved', 'braked']);

/** Enough to see that all of it works. */
const QUICK: Extent = {
  one: { runs: 2, plans: [1, 3], kinds: KINDS.filter(({ name }) => QUICK_KINDS.has(name)) },
  lasting: { times: 2, seconds: 3, periodSeconds: 1 },
};

export const MOST = 10_000;
/** They are there all at once, in the memory of a worker as well. */
export const MOST_OPEN = 10_000;
const QUICK_MOST = 20;
const LEVELS = [1, 20, 100, 1000, 10_000, 100_000];

export interface ScaleBench {
  bench: 'scale';
  quick: boolean;
  /** So many at most were finished. */
  most: number;
  mostOpen: number;
  machine: { cores: number; node: string; server: string; loadBefore: number[]; loadAfter: number[] };
  recoveries: RecoveryCost[];
  finished: FinishedLevel[];
  open: OpenLevel[];
  lasting: Lasting;
}

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

const levelsUpTo = (most: number, quick: boolean): number[] => [
  ...new Set([...LEVELS.filter((level) => level < most && (quick || level !== QUICK_MOST)), most]),
];

/** Progress goes to stderr. */
export async function measureScale({ quick, most: wanted }: { quick: boolean; most?: number }): Promise<ScaleBench> {
  const { one, lasting: lastingExtent } = quick ? QUICK : FULL;
  const most = wanted ?? (quick ? QUICK_MOST : MOST);
  const mostOpen = Math.min(most, MOST_OPEN);
  const loadBefore = loadavg();
  const small = await inScaleWorld(async (world) => {
    tell('What one recovery costs.');
    const recoveries = await measureRecoveries(world, one, tell);
    tell('What lives for ever.');
    return { server: world.server.version, recoveries, lasting: await measureLasting(world, lastingExtent) };
  });
  tell('Recoveries that have ended.');
  const finished = await inScaleWorld((world) => measureFinished(world, levelsUpTo(most, quick), tell));
  tell('Recoveries that are open.');
  const open = await inScaleWorld((world) => measureOpen(world, levelsUpTo(mostOpen, quick), tell));
  return {
    bench: 'scale',
    quick,
    most,
    mostOpen,
    machine: {
      ...{ cores: cpus().length, node: process.version, server: small.server },
      ...{ loadBefore, loadAfter: loadavg() },
    },
    recoveries: small.recoveries,
    finished,
    open,
    lasting: small.lasting,
  };
}

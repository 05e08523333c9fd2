import { settleDisk } from './checkpoint-tree.ts';
import { summarise, type Summary } from './measure.ts';

export type Samples = Map<string, number[]>;

export async function timed(samples: Samples, what: string, work: () => unknown): Promise<void> {
  settleDisk();
  const started = performance.now();
  await work();
  samples.set(what, [...(samples.get(what) ?? []), performance.now() - started]);
}

export const summariesOf = (samples: Samples): Record<string, Summary> =>
  Object.fromEntries([...samples].map(([what, values]) => [what, summarise(values)]));

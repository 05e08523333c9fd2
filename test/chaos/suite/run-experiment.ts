import { tmpdir } from 'node:os';
import { describeError, type Tell } from '../outcome.ts';
import { createRandom } from '../random.ts';
import { openAccount, requireWork, type Row } from './account.ts';
import { NotRun, type Experiment } from './experiment.ts';
import { makePlace, type Place } from './leftovers.ts';

export interface RunOptions {
  seed: number;
  short: boolean;
  tell: Tell;
  /** For whoever has to take it away when this process is told to end. */
  onPlace: (place: Place | undefined) => void;
}

/** One experiment in a directory of its own; what it leaves behind counts against it. */
export async function runExperiment(experiment: Experiment, options: RunOptions): Promise<Row> {
  const { seed, short, tell, onPlace } = options;
  const account = openAccount(experiment.name, seed, tell);
  const started = Date.now();
  const earlier = process.env['TMPDIR'];
  const place = makePlace(tmpdir());
  onPlace(place);
  process.env['TMPDIR'] = place.path;
  try {
    await experiment.run({ account, random: createRandom(seed), seed, short });
    requireWork(account);
  } catch (error) {
    if (error instanceof NotRun) account.row.skipped = error.message;
    else account.wrong('other', `it broke off: ${describeError(error)}`);
  } finally {
    if (earlier === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = earlier;
    for (const what of await place.leftovers()) account.wrong('other', `left behind: ${what}`);
    place.clear();
    onPlace(undefined);
  }
  account.row.seconds = Math.round((Date.now() - started) / 1000);
  return account.row;
}

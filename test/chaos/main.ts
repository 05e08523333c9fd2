import { parseArgs } from 'node:util';
import { runExperiments } from './experiments.ts';
import { printOutcomes } from './print-outcomes.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '500' },
    flips: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    output: { type: 'string', short: 'o', default: 'text' },
  },
});

function number(name: 'kills' | 'flips' | 'minutes' | 'seed'): number {
  const value = Number(values[name]);
  if (Number.isFinite(value) && value >= 0) return value;
  process.stderr.write(`--${name} takes a number, not "${values[name]}"\n`);
  process.exit(2);
}

const seed = number('seed');
const [kills, flips, minutes] = [number('kills'), number('flips'), number('minutes')];
const tell = (line: string): void => void process.stderr.write(`${line}\n`);
tell(`Seed ${String(seed)}; the same seed gives the same trials.`);
const outcomes = await runExperiments({ kills, flips, minutes, seed, tell });
process.exitCode = printOutcomes(outcomes, { seed, kills, flips, minutes, json: values.output === 'json' });

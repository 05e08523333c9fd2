import { parseArgs } from 'node:util';
import { runExperiments } from './experiments.ts';
import type { Outcome } from './outcome.ts';

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

function tableOf(outcomes: readonly Outcome[]): string {
  return outcomes
    .map(({ experiment, counts, violations, skipped }) => {
      const verdict = skipped !== undefined ? `SKIPPED: ${skipped}` : violations.length === 0 ? 'holds' : 'BROKEN';
      const lines = Object.entries(counts).map(([what, count]) => `  ${what.padEnd(40)} ${String(count).padStart(7)}`);
      return [`${experiment}: ${verdict}`, ...lines, ...violations.map((text) => `  VIOLATION ${text}`)].join('\n');
    })
    .join('\n\n');
}

const seed = number('seed');
const [kills, flips, minutes] = [number('kills'), number('flips'), number('minutes')];
const tell = (line: string): void => void process.stderr.write(`${line}\n`);
tell(`Seed ${String(seed)}; the same seed gives the same trials.`);
const outcomes = await runExperiments({ kills, flips, minutes, seed, tell });
const holds = outcomes.every(({ violations, skipped }) => violations.length === 0 && skipped === undefined);
const document = JSON.stringify({ seed, kills, flips, minutes, holds, experiments: outcomes }, null, 2);
process.stdout.write(values.output === 'json' ? `${document}\n` : `\n${tableOf(outcomes)}\n`);
process.exitCode = holds ? 0 : 1;

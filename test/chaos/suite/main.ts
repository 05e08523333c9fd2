import { parseArgs } from 'node:util';
import { isClean, type Row } from './account.ts';
import { EXPERIMENTS } from './experiments.ts';
import type { Place } from './leftovers.ts';
import { documentOf, tableOf } from './print-rows.ts';
import { runExperiment } from './run-experiment.ts';

const total = (index: 0 | 1): number => EXPERIMENTS.reduce((sum, { minutes }) => sum + minutes[index], 0);

const HELP = `npm run chaos -- [options]

Breaks Rerail itself in worlds of its own, one experiment after the other, and counts from outside what became of
recoveries. Exit code 0: nothing was lost, doubled, left undone or unverified. Needs about ${total(0)} minutes, short ${total(1)}.

Experiments (minutes in full / short):
${EXPERIMENTS.map(({ name, what, minutes }) => `  ${name.padEnd(18)} ${minutes.join(' / ').padEnd(8)} ${what}`).join('\n')}

Options:
  --only NAME[,NAME]  these experiments alone; may be repeated
  --short             fewer recoveries and faults
  --seed NUMBER       the choices of an earlier run again; it is printed with each failure
  --allow-missing     an experiment that cannot be run here does not count as a failure
  -o, --output json   the rows as JSON on stdout; text is the default. Progress goes to stderr
  -h, --help          this text

Example: npm run chaos -- --only network-cut,poison-messages --short --seed 7
What the columns mean: docs/guide/chaos.md
`;

function refuse(message: string): never {
  process.stderr.write(`error: ${message}\n  fix: see npm run chaos -- --help\n`);
  process.exit(2);
}

function readWords() {
  const options = {
    only: { type: 'string', multiple: true, default: [] as string[] },
    short: { type: 'boolean', default: false },
    seed: { type: 'string' },
    'allow-missing': { type: 'boolean', default: false },
    output: { type: 'string', short: 'o', default: 'text' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

const words = readWords();
if (words.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const seed = Number(words.seed ?? Date.now() % 1_000_000);
if (!Number.isInteger(seed) || seed < 0) refuse(`--seed takes a whole number, not "${words.seed ?? ''}"`);
if (words.output !== 'text' && words.output !== 'json') refuse(`--output is text or json, not "${words.output}"`);
const only = words.only.flatMap((text) => text.split(','));
const unknown = only.find((name) => !EXPERIMENTS.some((experiment) => experiment.name === name));
if (unknown !== undefined) refuse(`--only: there is no experiment "${unknown}"`);

const tell = (line: string): void => void process.stderr.write(`${line}\n`);
let place: Place | undefined;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => {
    tell(`${signal}: taking everything away.`);
    place?.clear();
    process.exit(code);
  });
// What the connections of a broken world throw into the air ends nobody; what it was about is judged all the same.
const stray = (reason: unknown): void =>
  tell(`unhandled: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`);
process.on('unhandledRejection', stray);
process.on('uncaughtException', stray);

const { short, 'allow-missing': allowMissing } = words;
const rows: Row[] = [];
for (const experiment of EXPERIMENTS) {
  if (only.length > 0 && !only.includes(experiment.name)) continue;
  const [minutes] = short ? experiment.minutes.slice(1) : experiment.minutes;
  tell(`\n${experiment.name}, seed ${seed}, about ${minutes ?? 1} min: ${experiment.what}`);
  const row = await runExperiment(experiment, { seed, short, tell, onPlace: (now) => (place = now) });
  rows.push(row);
  const verdict = row.skipped === undefined ? (isClean(row) ? 'holds' : 'BROKEN') : `not run: ${row.skipped}`;
  tell(`${experiment.name}: ${verdict} after ${row.seconds} s, ${JSON.stringify(row.counts)}`);
}
const found = documentOf(rows, { seed, short, allowMissing });
process.stdout.write(words.output === 'json' ? `${JSON.stringify(found, null, 2)}\n` : `\n${tableOf(rows)}\n`);
process.exit(found.holds ? 0 : 1);

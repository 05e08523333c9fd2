// Breaks every built-in playbook on purpose and runs the drills against it: none may pass (docs/guide/drills.md).
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { findDrills, type LoadedDrill } from '../src/config/load-drills.ts';
import { toMs } from '../src/domain/duration.ts';
import { BREAKS, writeBroken, type Break, type Dropped } from './lib/broken-playbooks.ts';
import { concerns, isRight, mutantsOf, outcomeOf, planRounds, type Ended, type Outcome } from './lib/drill-mutants.ts';
import { MAIN, withOwnSystem } from './lib/own-system.ts';
import { inRoot } from './lib/paths.mjs';

const HELP = `npm run chaos:drills -- [--only KIND] [NAME|FILE ...]

Breaks every built-in playbook and runs drills against it. Exit code 0 only when the drills pass with the unbroken
playbooks and no drill passes with a broken one.

  none      not broken, under the very same treatment: has to pass. Always the first; with --only none the only one.
  drop      nothing is done but to call a person
  drop-one  each action that the drill expects to work is left out, one at a time
  lie       every action says that it was done, and none was; the recovery looks whether it helped
  blind     the same, and the recovery does not look: only the drill itself does
  keep      what is done stays: every undo of an action says that it was done, and none was; only of drills that have one

A drill that does not pass unbroken says nothing of a mutant; nor does a mutant whose drill is aborted or invalid. Both
are listed as undecided and fail the run. NAME or FILE chooses drills, as in \`rerail drill run\`.

On two cores all drills take about 12 minutes for none, 6 for drop, 45 for drop-one, 60 for lie, 90 for blind
and 3 for keep.
`;

/** A broken playbook looks in vain before it gives up; nothing that comes to an end is cut off. */
const LOOKS_IN_VAIN_MS = 6 * 60_000;

const MARKS: Record<Outcome, string> = { passed: '·', caught: '·', survived: '✗', undecided: '?' };

interface Work {
  how: Break;
  drills: readonly LoadedDrill[];
  dropped?: Dropped;
}

/** With nobody who could do by hand what a broken playbook no longer does: it would be waited for to the deadline. */
async function writeDrills(file: string, drills: readonly LoadedDrill[]): Promise<void> {
  const documents = drills.map(({ file: _file, ...drill }) => {
    const deadline = `${toMs(drill.spec.deadline) + LOOKS_IN_VAIN_MS}ms`;
    const answers = { manual: 'failed', ...drill.spec.answers };
    return stringify({ ...drill, spec: { ...drill.spec, deadline, answers } });
  });
  await writeFile(file, documents.join('---\n'));
}

/** Runs them with playbooks that are broken in this way, each line of the output as soon as it is there. */
async function runBroken({ how, drills, dropped }: Work, folder: string): Promise<Map<string, Ended>> {
  await mkdir(folder, { recursive: true });
  const playbooks = path.join(folder, 'playbooks');
  await writeBroken(playbooks, how, dropped);
  const file = path.join(folder, 'drills.yaml');
  await writeDrills(file, drills);
  const mark = path.join(folder, 'broken');
  const settings = {
    NODE_OPTIONS: `--import ${pathToFileURL(inRoot('scripts', 'lib', 'broken-build.mjs')).href}`,
    RERAIL_BROKEN_PLAYBOOKS: playbooks,
    RERAIL_BROKEN_MARK: mark,
    ...(how === 'blind' ? { RERAIL_BROKEN_BLIND: 'yes' } : {}),
  };
  const found = new Map<string, Ended>();
  await withOwnSystem(folder, settings, async ({ env }) => {
    const run = spawn(process.execPath, [MAIN, 'drill', 'run', file, '-o', 'jsonl'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: run.stdout })) {
      const ended = JSON.parse(line) as Partial<Ended>;
      if (ended.verdict === undefined) continue;
      found.set(ended.name ?? '', ended as Ended);
      say(how, ended as Ended, dropped);
    }
  });
  await requireBroken(mark, how === 'blind' ? ['playbooks', 'blind'] : ['playbooks']);
  return found;
}

/** Throws where the worker has read the playbooks of the package, or has looked: then nothing was tried. */
async function requireBroken(mark: string, wanted: readonly string[]): Promise<void> {
  const done = (await readFile(mark, 'utf8').catch(() => '')).split('\n');
  const missing = wanted.filter((name) => !done.includes(name));
  if (missing.length > 0) throw new Error(`the system was not broken: ${missing.join(', ')}`);
}

function say(how: Break, ended: Ended, dropped?: Dropped): void {
  const action = dropped?.get(ended.recovery?.playbook ?? '');
  const what = action === undefined ? how : `without ${action}`;
  const outcome = outcomeOf(how, ended);
  process.stdout.write(
    `${MARKS[outcome]} ${what.padEnd(8)} ${ended.name.padEnd(30)} ${outcome.padEnd(9)} ${ended.problems.join('; ')}\n`,
  );
}

const actionsOf = ({ metadata, spec }: LoadedDrill) => ({ name: metadata.name, actions: spec.expect.actions });

function planWork(how: Break, drills: readonly LoadedDrill[], controls: readonly Ended[]): Work[] {
  if (how !== 'drop-one') return [{ how, drills }];
  return planRounds(mutantsOf(drills.map(actionsOf), controls)).map(({ dropped, drills: names }) => ({
    how,
    dropped,
    drills: drills.filter(({ metadata }) => names.includes(metadata.name)),
  }));
}

async function breakDrills(kinds: readonly Break[], names: readonly string[], folder: string): Promise<boolean> {
  const wrong: string[] = [];
  let count = 0;
  const tally = ({ how, drills, dropped }: Work, found: ReadonlyMap<string, Ended>): void => {
    for (const { metadata } of drills) {
      count += 1;
      const outcome = outcomeOf(how, found.get(metadata.name));
      const without = dropped ? ` (${[...dropped.values()].join(', ')})` : '';
      if (!isRight(outcome)) wrong.push(`${outcome}: ${metadata.name}, ${how}${without}`);
    }
  };
  const chosen = await findDrills(names);
  const control: Work = { how: 'none', drills: chosen };
  const controls = await runBroken(control, path.join(folder, 'none'));
  tally(control, controls);
  const sound = chosen.filter(({ metadata }) => outcomeOf('none', controls.get(metadata.name)) === 'passed');
  for (const how of kinds.filter((kind) => kind !== 'none')) {
    const concerned = sound.filter(({ metadata }) => concerns(how, controls.get(metadata.name)));
    for (const [index, work] of planWork(how, concerned, [...controls.values()]).entries()) {
      if (work.drills.length === 0) continue;
      tally(work, await runBroken(work, path.join(folder, `${how}-${index}`)));
    }
  }
  for (const line of wrong) console.log(line);
  console.log(`${count} runs: ${count - wrong.length} as they have to be, ${wrong.length} not.`);
  return wrong.length === 0 && count > 0;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
const kinds = values.only === undefined ? BREAKS : BREAKS.filter((kind) => kind === values.only);
if (values.help) process.stdout.write(HELP);
else if (kinds.length === 0) {
  process.stderr.write(`--only is one of ${BREAKS.join(', ')}\n`);
  process.exitCode = 2;
} else {
  const folder = await mkdtemp(path.join(tmpdir(), 'rerail-broken-'));
  try {
    process.exitCode = (await breakDrills(kinds, positionals, folder)) ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

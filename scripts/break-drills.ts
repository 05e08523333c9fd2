// Breaks every built-in playbook on purpose and runs all drills: none may pass. `--only drop|lie|trust`; names of drills choose some.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { glob } from 'tinyglobby';
import { parseAllDocuments, stringify } from 'yaml';
import { findDrills } from '../src/config/load-drills.ts';
import { MAIN, withOwnSystem } from './lib/own-system.ts';
import { inRoot } from './lib/paths.mjs';

interface Action {
  id: string;
  type: string;
  [field: string]: unknown;
}
interface Document {
  metadata: { name: string };
  spec: { actions: Action[]; verify?: object; [field: string]: unknown };
}

const DEADLINE = '60s';
const ENDINGS = ['escalate'];

const lie = ({ id, optional }: Action): Action => ({
  id,
  type: 'run',
  run: { command: ['true'] },
  ...(optional === true ? { optional } : {}),
});

/** What a broken playbook is made of the right one. */
const BREAKS: Record<string, (actions: Action[]) => Action[]> = {
  /** Nothing is done but to call a person. */
  drop: (actions) => actions.filter(({ type }) => ENDINGS.includes(type)),
  /** Everything says that it was done, and nothing was. */
  lie: (actions) => actions.map((action) => (ENDINGS.includes(action.type) ? action : lie(action))),
  /** The failed step is left out and counts as recovered. */
  trust: () => [{ id: 'trust', type: 'skip' }],
};

async function writeBroken(folder: string, how: (actions: Action[]) => Action[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of await glob('*.yaml', { cwd: inRoot('playbooks'), absolute: true })) {
    const documents = parseAllDocuments(await readFile(file, 'utf8')).map((one) => one.toJS() as Document | null);
    const broken = documents.flatMap((document) => {
      if (!document) return [];
      const { approval: _approval, ...spec } = document.spec;
      const actions = how(spec.actions);
      if (actions.length === 0) actions.push({ id: 'escalate', type: 'escalate', to: ['oncall'] });
      return [{ ...document, spec: { ...spec, actions, verify: { within: '1s', holdFor: '0s' } } }];
    });
    await writeFile(path.join(folder, path.basename(file)), broken.map((one) => stringify(one)).join('---\n'));
  }
}

interface Ended {
  name: string;
  verdict: string;
  problems: string[];
}

async function runBroken(kind: string, names: readonly string[], folder: string): Promise<Ended[]> {
  const playbooks = path.join(folder, kind, 'playbooks');
  await writeBroken(playbooks, BREAKS[kind] ?? ((actions) => actions));
  const drills = (await findDrills(names)).map(({ file: _file, ...drill }) => ({
    ...drill,
    spec: { ...drill.spec, deadline: DEADLINE },
  }));
  const file = path.join(folder, kind, 'drills.yaml');
  await writeFile(file, drills.map((one) => stringify(one)).join('---\n'));
  const ended: Ended[] = [];
  await withOwnSystem(path.join(folder, kind), { RERAIL_PLAYBOOKS_DIR: playbooks }, async ({ env }) => {
    const run = spawn(process.execPath, [MAIN, 'drill', 'run', file, '-o', 'jsonl'], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: run.stdout })) {
      const { event, name, verdict, problems } = JSON.parse(line) as Ended & { event?: string };
      if (event !== undefined && event !== 'drill') continue;
      ended.push({ name, verdict, problems });
      const mark = verdict === 'passed' || verdict === 'invalid' ? '✗' : '·';
      process.stdout.write(`${mark} ${kind.padEnd(6)} ${name.padEnd(36)} ${verdict.padEnd(8)} ${problems[0] ?? ''}\n`);
    }
  });
  return ended;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } });
const folder = await mkdtemp(path.join(tmpdir(), 'rerail-broken-'));
let wrong = 0;
let count = 0;
try {
  for (const kind of values.only === undefined ? Object.keys(BREAKS) : [values.only]) {
    const ended = await runBroken(kind, positionals, folder);
    count += ended.length;
    wrong += ended.filter(({ verdict }) => verdict === 'passed' || verdict === 'invalid').length;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
console.log(`${count} drills of broken playbooks: ${count - wrong} did not pass, ${wrong} passed or said nothing.`);
process.exitCode = wrong > 0 || count === 0 ? 1 : 0;

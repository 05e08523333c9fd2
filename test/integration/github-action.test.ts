// The action starts a server, a worker and the API by itself, as on a runner.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { findFreePort } from '../../src/embedded/ports.ts';
import { statOf } from '../../src/process/proc.ts';
import { useCli } from '../support/cli.ts';
import { runAction, type ActionOptions } from '../support/composite-action.ts';
import { installCli } from '../support/installed-cli.ts';
import { until } from '../support/until.ts';

const file = fileURLToPath(new URL('../../integrations/github-action/action.yml', import.meta.url));
const cli = useCli();
const run = installCli(cli);
let temp = '';
let env: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  temp = path.join(cli.root, 'runner');
  await mkdir(temp);
  const port = await findFreePort(0);
  env = {
    RERAIL_ADDRESS: undefined,
    RERAIL_TEMPORAL_BIN: inject('serverBinary'),
    RERAIL_SERVER_PORT: String(port),
    RERAIL_UI_PORT: String(await findFreePort(0, [port])),
  };
});
afterAll(async () => {
  const pid = Number(await pidOf());
  process.kill(pid, 'SIGTERM');
  await until(async () => !['R', 'S', 'D'].includes((await statOf(pid))?.state ?? 'gone'), 'the end of `rerail up`');
});

const pidOf = (): Promise<string> => readFile(path.join(temp, 'rerail.pid'), 'utf8');
const act = (inputs: Record<string, string>, cwd: string, more: Partial<ActionOptions> = {}) =>
  runAction({ file, inputs, cwd, temp, run, env, ...more });

/** Every file below with what is in it. */
async function treeOf(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  const texts = await Promise.all(files.map((name) => readFile(name, 'utf8')));
  return Object.fromEntries(files.map((name, index) => [path.relative(root, name), texts[index] ?? '']));
}

async function checkout(name: string, files: Record<string, string>): Promise<string> {
  for (const [own, text] of Object.entries(files)) await cli.file(`${name}/tree/${own}`, text);
  return path.join(cli.root, name, 'tree');
}

const CACHES = ['.cache/new', 'coverage/report', 'deep/a.tmp', 'node_modules/.cache/y'];
const DAMAGE = [
  'mkdir -p coverage deep node_modules/.cache .cache',
  `for file in ${CACHES.join(' ')} junk; do echo x > $file; done`,
  'echo broken > source',
  'rm -f gone',
];

describe('the GitHub Action', () => {
  it('prints what became of the failures of this pipeline, removes caches, and puts the workspace back', async () => {
    const cwd = await checkout('one', { source: 'as it was', gone: 'as it was', '.cache/old': 'as it was' });
    const before = await treeOf(cwd);
    const subject = `ci/action-${cli.unique}`;
    // Commands have no settings of their worker's environment.
    const own = Object.entries({ ...cli.environment, ...env }).filter(([name]) => name.startsWith('RERAIL_'));
    const settings = own.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join(' ');
    const save = `${settings} rerail checkpoint create --root . --subject ${subject} --name broken`;
    const compile = [...DAMAGE, save, 'echo MARK-of-compile >&2', 'exit 9'].join(' && ');
    const steps = [
      '{name: fetch, run: [sh, -c, "test -e fetched || { echo x > fetched; echo MARK-of-fetch >&2; exit 7; }"]}',
      `{name: compile, run: [sh, -c, ${JSON.stringify(compile)}]}`,
      '{name: never-begun, run: ["true"]}',
    ];
    const phases = `    - {name: build, steps: [${steps.join(', ')}]}\n`;
    const pipeline = await cli.file('one/pipeline.yaml', cli.pipeline('action', phases));
    const trees: Record<string, Record<string, string>> = {};
    const { ran, outputs, summary } = await act({ pipeline, subject, playbook: 'again' }, cwd, {
      after: async (step) => void (trees[step] = await treeOf(cwd)),
    });
    expect(
      ran.map(({ name, code }) => `${name}: ${code}`),
      JSON.stringify(ran),
    ).toEqual([
      'Start Rerail: 0',
      'Save the workspace: 0',
      'Run the pipeline: 3',
      'Print the report: 0',
      'Clean up: 0',
      'Put the workspace back: 0',
    ]);
    const { 'exit-code': code, checkpoint = '' } = outputs;
    expect(code).toBe('3');

    const target = `cli/action-${cli.unique}`;
    const headings = summary.split('\n').filter((line) => line.startsWith('# '));
    expect(headings).toEqual([
      expect.stringMatching(/^# run\/action\/.*: failed after /),
      expect.stringContaining(`# ${target}: recovered after `),
      expect.stringContaining(`# ${target}: escalated`),
    ]);
    const [, fetched = '', compiled = ''] = summary.split(/^# /m).slice(1);
    expect(fetched).toMatch(/build\/fetch: .*exit code 7/);
    expect(compiled).toMatch(/build\/compile: .*exit code 9/);
    expect(compiled).not.toContain('build/fetch');
    expect(compiled).toContain('Playbook | again, plan ');
    // The second one is the target's last, and to the letter what one is told who asks for its report.
    const asked = await run(['rerail', 'recovery', 'report', target, '--markdown'], cwd, env);
    expect(`# ${compiled}`.trim()).toBe(asked.stdout.trim());
    expect(ran.find(({ name }) => name === 'Print the report')?.said).toContain(asked.stdout.trim());

    const broken = trees['Run the pipeline'] ?? {};
    const left = ['fetched', 'junk', 'source'];
    expect(Object.keys(broken).sort()).toEqual([...CACHES, '.cache/old', ...left].sort());
    const cleaned = trees['Clean up'] ?? {};
    expect(Object.keys(cleaned).sort()).toEqual(left);
    expect(cleaned['source']).toBe('broken\n');
    // Not what was saved last, which was broken already.
    const list = await run(['rerail', '-o', 'json', 'checkpoint', 'list', '--subject', subject], cwd, env);
    const saved = JSON.parse(list.stdout) as { info: { id: string; name: string; type: string } }[];
    expect(saved.find(({ info }) => info.type === 'manual')?.info.name).toBe('broken');
    expect(saved.find(({ info }) => info.name === 'before the pipeline')?.info.id).toBe(checkpoint);
    expect(await treeOf(cwd)).toEqual(before);
  });

  it('of a pipeline that does not begin says so, and prints no other report', async () => {
    const cwd = await checkout('two', { source: 'as it was' });
    await writeFile(path.join(temp, 'rerail-report.md'), 'of another run');
    const pipeline = await cli.file('two/pipeline.yaml', 'kind: Nothing\n');
    const started = await pidOf();
    const { ran, outputs, summary } = await act({ pipeline, subject: `ci/none-${cli.unique}` }, cwd);
    expect(ran.map(({ name }) => name)).toEqual(expect.arrayContaining(['Print the report', 'Put the workspace back']));
    expect(outputs['exit-code']).toBe('4');
    expect(summary).toBe('There is no report: the step before says why the pipeline did not run to its end.\n');
    expect(await treeOf(cwd)).toEqual({ source: 'as it was' });
    expect(await pidOf()).toBe(started);
  });

  it('touches nothing when it cannot start', async () => {
    const cwd = await checkout('three', { source: 'as it was', 'coverage/x': 'as it was' });
    const other = path.join(cli.root, 'other-runner');
    await mkdir(other);
    const { ran } = await act({ pipeline: 'none.yaml' }, cwd, {
      temp: other,
      env: { ...env, RERAIL_DATA_DIR: '/dev/null/never' },
    });
    expect(ran).toMatchObject([{ name: 'Start Rerail', code: 1, said: expect.stringContaining('error') as string }]);
    expect(Object.keys(await treeOf(cwd)).sort()).toEqual(['coverage/x', 'source']);
  });
});

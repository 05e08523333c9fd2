import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { MAIN, stopChild, useCli, type Ended } from '../support/cli.ts';

const at = (file: string): string => fileURLToPath(new URL(`../../integrations/${file}`, import.meta.url));

const cli = useCli();
let worker: ChildProcess;
let bin = '';

beforeAll(async () => {
  bin = path.join(cli.root, 'bin');
  await cli.file('bin/rerail', `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  await chmod(path.join(bin, 'rerail'), 0o755);
  worker = await cli.startWorker();
});
afterAll(() => stopChild(worker));

async function run(argv: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [program = '', ...words] = argv;
  const { environment } = cli;
  const child = spawn(program, words, {
    cwd,
    env: { ...environment, PATH: `${bin}:${environment['PATH'] ?? ''}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  const [stdout, stderr, [code]] = await Promise.all([readAll(child.stdout), readAll(child.stderr), closed]);
  return { code, stdout, stderr };
}

async function folder(name: string): Promise<string> {
  const full = path.join(cli.root, name);
  await mkdir(full, { recursive: true });
  return full;
}
const FAILS_ONCE = ['sh', '-c', 'test -e flag || { touch flag; exit 7; }'];

describe('the wrapper and the loop', () => {
  it('recover a command that fails, with its exit code', async () => {
    const cwd = await folder('wrapped');
    const env = { RERAIL_TARGET: `dev/wrapped-${cli.unique}`, RERAIL_PLAYBOOK: 'again' };
    const ended = await run([at('bin/rerail-wrap'), '--', ...FAILS_ONCE], cwd, env);
    expect(ended).toMatchObject({ code: EXIT.done });
    expect(ended.stderr).toContain('ended with exit code 7, recovering');
    // Works now: nothing to recover, no command line started.
    expect(await run([at('bin/rerail-wrap'), '--', ...FAILS_ONCE], cwd, { RERAIL: '/nowhere' })).toMatchObject({
      code: 0,
    });
    expect((await run([at('bin/rerail-wrap')], cwd)).code).toBe(EXIT.usage);
  });

  it('begin again until it works, and stop where another round is in vain', async () => {
    const cwd = await folder('looped');
    const env = { RERAIL_TARGET: `dev/looped-${cli.unique}`, RERAIL_PLAYBOOK: 'give-up' };
    const loop = [at('bin/rerail-loop'), '--tries', '3', '--pause', '0', '--'];
    const ended = await run([...loop, ...FAILS_ONCE], cwd, env);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('round 1 of 3 did not help (exit code 3)');
    const fake = (code: number) => ({ RERAIL: `${cwd}/fake`, CODE: String(code) });
    await writeFile(`${cwd}/fake`, '#!/bin/sh\necho called >&2\nexit "$CODE"\n');
    await chmod(`${cwd}/fake`, 0o755);
    const rounds = async (code: number) =>
      [...(await run([...loop, 'false'], cwd, fake(code))).stderr.matchAll(/called/g)].length;
    expect([await rounds(EXIT.unrecovered), await rounds(EXIT.approval)]).toEqual([3, 1]);
  });
});

describe('the hook before a commit', () => {
  it('saves what is there, and keeps no commit back unless told to', async () => {
    const cwd = await folder('repository');
    const git = async (argv: string[], env = {}) =>
      run(['git', '-c', 'user.name=a', '-c', 'user.email=a@b', ...argv], cwd, env);
    await git(['init', '-q', '-b', 'main']);
    await writeFile(path.join(cwd, '.git/hooks/pre-commit'), await readFile(at('pre-commit/checkpoint.sh')));
    await chmod(path.join(cwd, '.git/hooks/pre-commit'), 0o755);
    await writeFile(path.join(cwd, 'file'), 'before');
    await git(['add', '.']);
    const subject = `workspace/hook-${cli.unique}`;
    expect(await git(['commit', '-q', '-m', 'one'], { RERAIL_SUBJECT: subject })).toMatchObject({ code: 0 });
    const list = await cli.json<{ info: { name?: string } }[]>(['checkpoint', 'list', '--subject', subject]);
    expect(JSON.stringify(list)).toContain('before a commit on main');
    expect(list).toHaveLength(1);

    const empty = ['commit', '-q', '--allow-empty', '-m', 'two'];
    const without = await git(empty, { RERAIL: '/nowhere' });
    expect(without.code).toBe(0);
    expect(without.stderr).toContain('no checkpoint was made before this commit');
    expect((await git(empty, { RERAIL: '/nowhere', RERAIL_REQUIRED: '1' })).code).toBe(1);
    const hooks = parse(
      await readFile(fileURLToPath(new URL('../../.pre-commit-hooks.yaml', import.meta.url)), 'utf8'),
    ) as {
      entry: string;
    }[];
    expect(hooks[0]?.entry).toBe('integrations/pre-commit/checkpoint.sh');
  });
});

interface Action {
  inputs: Record<string, { default?: string }>;
  runs: { steps: { name: string; if?: string; run: string; env?: Record<string, string> }[] };
}

/** The steps of a composite action, as the service runs them. */
async function runAction(given: Record<string, string>, cwd: string) {
  const { inputs, runs } = parse(await readFile(at('github-action/action.yml'), 'utf8')) as Action;
  const value = (name: string): string => given[name] ?? inputs[name]?.default ?? '';
  const output = path.join(cwd, '..', 'output');
  const summary = path.join(cwd, '..', 'summary');
  const ran: { name: string; code: number | null; said: string }[] = [];
  for (const { name, if: condition, run: script, env = {} } of runs.steps) {
    const failed = ran.some(({ code }) => code !== 0);
    if (failed !== (condition === 'failure()')) continue;
    const filled = Object.fromEntries(
      Object.entries(env).map(([key, text]) => [
        key,
        text.replaceAll(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, input: string) => value(input)),
      ]),
    );
    const files = { GITHUB_OUTPUT: output, GITHUB_STEP_SUMMARY: summary };
    const ended = await run(['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', script], cwd, {
      ...filled,
      ...files,
    });
    ran.push({ name, code: ended.code, said: ended.stdout + ended.stderr });
  }
  return { ran, output: await readFile(output, 'utf8'), summary: await readFile(summary, 'utf8') };
}

describe('the GitHub Action', () => {
  it('runs a pipeline; one that fails leaves the plan, and the workspace as it was', async () => {
    const cwd = await folder('checkout/tree');
    await writeFile(path.join(cwd, 'source'), 'as it was');
    const script = '"echo broken > source; mkdir -p coverage; echo x > coverage/x; exit 9"';
    const pipeline = cli.pipeline(
      'action',
      `    - {name: build, steps: [{name: compile, run: [sh, -c, ${script}]}]}\n`,
    );
    const file = await cli.file('checkout/pipeline.yaml', pipeline);
    const subject = `ci/action-${cli.unique}`;
    const { ran, output, summary } = await runAction({ pipeline: file, subject, playbook: 'give-up' }, cwd);
    expect(
      ran.map(({ name, code }) => `${name}: ${code}`),
      JSON.stringify(ran),
    ).toEqual([
      'Start Rerail: 0',
      'Save the workspace: 0',
      'Run the pipeline: 3',
      'Print the plan: 0',
      'Clean up: 0',
      'Put the workspace back: 0',
    ]);
    expect(output).toBe('exit-code=3\n');
    expect(ran.find(({ name }) => name === 'Clean up')?.said).toContain('coverage');
    expect(summary).toContain('What Rerail would do');
    expect(await readFile(path.join(cwd, 'source'), 'utf8')).toBe('as it was');
  });
});

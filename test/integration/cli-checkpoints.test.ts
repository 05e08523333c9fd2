import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { stopChild, useCli, type Ended } from '../support/cli.ts';

const cli = useCli();
const { pipeline, file } = cli;

let worker: ChildProcess;
let connection: Connection;
let checkpoints: RecoveryClient['checkpoints'];
let root: string;
let subject: string;
let count = 0;

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('serverAddress') });
  const client = new Client({ connection });
  checkpoints = createRecoveryClient({ client, taskQueue: `cli-${cli.unique}` }).checkpoints;
  worker = await cli.startWorker();
});
afterAll(async () => {
  await stopChild(worker);
  await connection.close();
});
beforeEach(async () => {
  root = path.join(cli.root, `tree-${++count}`);
  subject = `cli/tree-${count}-${cli.unique}`;
  await mkdir(path.join(root, 'src'), { recursive: true });
  await put('src/app.txt', 'one\n');
  await put('notes.txt', 'noted\n');
});

const put = (name: string, content: string | Uint8Array): Promise<void> => writeFile(path.join(root, name), content);
const read = (name: string): Promise<string> => readFile(path.join(root, name), 'utf8');
const words = (line: string): string[] => line.split(' ');
/** A line as it is typed; no word of these tests has a space. */
const rerail = (line: string): Promise<Ended> => cli.rerail(words(line));
const json = <T>(line: string, code: number = EXIT.done): Promise<T> => cli.json<T>(words(line), code);
const done = async (line: string): Promise<string> => {
  const ended = await rerail(line);
  if (ended.code !== EXIT.done) throw new Error(`rerail ${line} ended with ${ended.code}: ${ended.stderr}`);
  return ended.stdout;
};

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@x', ...args], {
    env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null' },
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();
const commit = (name: string): string => {
  git('add', '.');
  git('commit', '-q', '--allow-empty', '-m', name);
  return git('rev-parse', 'HEAD');
};

/** How the command line captures is tested elsewhere. */
async function capture(): Promise<string> {
  const input = { name: 'test', type: 'manual' as const, host: `cli-${cli.unique}`, root };
  return (await checkpoints.create(subject, input)).info.id;
}

describe('checkpoint create', () => {
  it('takes a phase, which a restore can then name', async () => {
    const create = `checkpoint create --root ${root} --subject ${subject}`;
    expect(await json(`${create} --phase build --name one`)).toMatchObject({
      info: { type: 'manual', phase: 'build' },
    });
    await put('src/app.txt', 'two\n');
    await json(`${create} --phase ship --name two`);
    await done(`restore phase:build --subject ${subject} --yes`);
    expect(await read('src/app.txt')).toBe('one\n');
    expect(await json<object[]>(`checkpoint list --subject ${subject} --phase ship`)).toHaveLength(1);
  });
});

interface Restored {
  plan: { hash: string; changes: { change: string; path: string; diff?: string }[]; git?: object };
  lost: string[];
  strategy: string;
}

describe('a restore', () => {
  it('takes the paths that are named and leaves the others, after a dry run with its diff', async () => {
    const id = await capture();
    await put('src/app.txt', 'two\n');
    await put('notes.txt', 'struck out\n');
    const command = `restore ${id} --subject ${subject} --path src`;
    const text = await done(`${command} --dry-run --diff`);
    expect(text).toContain('-two\n+one\n');
    expect(text).not.toContain('notes.txt');
    expect(await read('src/app.txt')).toBe('two\n');
    expect(await json<Restored>(`${command} --yes`)).toMatchObject({
      strategy: 'selective',
      plan: { changes: [{ change: 'replace', path: 'src/app.txt' }] },
    });
    expect([await read('src/app.txt'), await read('notes.txt')]).toEqual(['one\n', 'struck out\n']);
  });

  it('goes to the latest checkpoint and to the previous one, and asks of which subject', async () => {
    const first = await capture();
    await put('src/app.txt', 'two\n');
    const second = await capture();
    const chosen = async (target: string) =>
      (await json<{ plan: { checkpointId: string } }>(`restore ${target} --subject ${subject} --dry-run`)).plan
        .checkpointId;
    expect([await chosen('latest'), await chosen('previous')]).toEqual([second, first]);
    await put('src/app.txt', 'three\n');
    const refused = await rerail(`restore latest --subject ${subject}`);
    expect(refused).toMatchObject({ code: EXIT.approval, stdout: '' });
    expect(refused.stderr).toMatch(/1 changes[\s\S]*--yes --plan-hash/);
    expect(await read('src/app.txt')).toBe('three\n');
    await done(`restore previous --subject ${subject} --yes`);
    expect(await read('src/app.txt')).toBe('one\n');
    const whose = await rerail('restore latest --yes');
    expect(whose).toMatchObject({ code: EXIT.usage, stdout: '' });
    expect(whose.stderr).toMatch(/"latest" needs to know of which subject[\s\S]*--subject/);
    const gone = await rerail(`restore phase:deploy --subject ${subject} --dry-run`);
    expect(gone.code).toBe(EXIT.notFound);
    expect(gone.stderr).toContain('no checkpoint for "phase:deploy"');
  });

  it('goes to the start of a phase of a run, by its name and by its number', async () => {
    const steps = (text: string) => `[{name: write, run: [node, -e, "fs.writeFileSync('made','${text}')"]}]`;
    const phases = ['build', 'deploy'].map((name) => `    - {name: ${name}, steps: ${steps(name)}}\n`);
    const name = await file(`phases-${count}/phases.yaml`, pipeline(`phases-${count}`, phases.join('')));
    const report = await json<{ workflowId: string }>(`run ${name} --key ${cli.unique}`);
    const made = path.join(path.dirname(name), 'made');
    expect(await readFile(made, 'utf8')).toBe('deploy');
    await done(`restore phase:deploy --subject ${report.workflowId} --yes`);
    expect(await readFile(made, 'utf8')).toBe('build');
    const first = await json<Restored>(`restore phase:0 --subject ${report.workflowId} --dry-run`);
    expect(first.plan.changes).toMatchObject([{ change: 'delete', path: 'made' }]);
  });

  it('is undone to the byte, and the undo is undone too', async () => {
    const [before, after] = [randomBytes(5000), randomBytes(70_000)];
    await put('data.bin', before);
    await chmod(path.join(root, 'data.bin'), 0o640);
    const id = await capture();
    await put('data.bin', after);
    await chmod(path.join(root, 'data.bin'), 0o755);
    await put('later.txt', 'later\n');
    const look = async () => ({
      data: await readFile(path.join(root, 'data.bin')),
      mode: (await stat(path.join(root, 'data.bin'))).mode & 0o7777,
      names: (await readdir(root)).sort(),
    });
    const present = await look();
    const text = await done(`restore ${id} --yes`);
    expect(text).toContain(`Undo: rerail undo --subject ${subject} --yes`);
    const restored = await look();
    expect(restored).toMatchObject({ data: before, mode: 0o640, names: ['data.bin', 'notes.txt', 'src'] });
    const refused = await rerail(`undo --subject ${subject}`);
    expect(refused).toMatchObject({ code: EXIT.approval, stdout: '' });
    expect(await look()).toEqual(restored);
    await done(`undo --subject ${subject} --yes`);
    expect(await look()).toEqual(present);
    await done(`undo --subject ${subject} --yes`);
    expect(await look()).toEqual(restored);
    const nothing = await rerail(`undo --subject cli/nobody-${cli.unique} --yes`);
    expect(nothing).toMatchObject({ code: EXIT.notFound, stdout: '' });
    expect(nothing.stderr).toContain('nothing to undo');
  });

  it('refuses a repository that has moved, moves it back with --git, and forward again with the undo', async () => {
    git('init', '-q', '-b', 'main');
    const first = commit('first');
    const id = await capture();
    git('switch', '-q', '-c', 'topic');
    await put('src/app.txt', 'two\n');
    const second = commit('second');
    const place = async () => [git('rev-parse', 'HEAD'), git('branch', '--show-current'), await read('src/app.txt')];

    expect(await rerail(`restore ${id} --yes`)).not.toMatchObject({ code: EXIT.done });
    expect(await place()).toEqual([second, 'topic', 'two\n']);
    const text = await done(`restore ${id} --git --yes`);
    expect(text).toContain(`topic at ${second.slice(0, 12)}, 0 stashed → main at ${first.slice(0, 12)}, 0 stashed`);
    expect(await place()).toEqual([first, 'main', 'one\n']);
    expect(git('status', '--porcelain')).toBe('');
    await done(`undo --subject ${subject} --yes`);
    expect(await place()).toEqual([second, 'topic', 'two\n']);
    expect([git('status', '--porcelain'), git('rev-parse', 'main')]).toEqual(['', first]);
  });
});

describe('what a host refuses', () => {
  it('for paths that match nothing is an error that names them', async () => {
    const id = await capture();
    const { code, stderr } = await rerail(`restore ${id} --subject ${subject} --path nowhere --dry-run`);
    expect(stderr).toMatch(/invalid-input.*nowhere[\s\S]*--dry-run/);
    expect(code).toBe(EXIT.usage);
  });

  it('for a repository that has moved is an error that says where it was', async () => {
    git('init', '-q', '-b', 'main');
    commit('first');
    const id = await capture();
    commit('second');
    const { code, stderr } = await rerail(`restore ${id} --subject ${subject} --dry-run`);
    expect(stderr).toMatch(/git-head-moved.*main at[\s\S]*--force/);
    expect(code).toBe(EXIT.invalid);
  });
});

describe('a checkpoint', () => {
  it('is compared with another', async () => {
    const from = await capture();
    await put('src/app.txt', 'two\n');
    await put('more.txt', 'more\n');
    const to = await capture();
    const text = await done(`checkpoint diff ${from} ${to} --subject ${subject}`);
    expect(text).toMatch(/create {4}file {5}more\.txt[\s\S]*replace {3}file {5}src\/app\.txt/);
    const back = await json<{ changes: object[] }>(`checkpoint diff ${to} ${from}`);
    expect(back.changes).toContainEqual(expect.objectContaining({ change: 'delete', path: 'more.txt' }));
  });

  it('that is invalidated is restored with --force only', async () => {
    const id = await capture();
    await put('src/app.txt', 'two\n');
    expect(await json(`checkpoint invalidate ${id} --reason mid-migration`)).toMatchObject({ state: 'invalidated' });
    const refused = await rerail(`restore ${id} --yes`);
    expect(refused).toMatchObject({ code: EXIT.invalid, stdout: '' });
    expect(refused.stderr).toMatch(/checkpoint-invalid.*invalidated: mid-migration[\s\S]*--force/);
    expect((await rerail(`restore latest --subject ${subject} --yes`)).code).toBe(EXIT.notFound);
    expect(await read('src/app.txt')).toBe('two\n');
    await done(`restore ${id} --yes --force`);
    expect(await read('src/app.txt')).toBe('one\n');
  });

  it('is deleted with --yes only, and its bytes are freed', async () => {
    await capture();
    await put('big.bin', randomBytes(200_000));
    const id = await capture();
    expect(await done(`checkpoint delete ${id} --dry-run`)).toContain(`would delete ${id}`);
    const refused = await rerail(`checkpoint delete ${id}`);
    expect(refused).toMatchObject({ code: EXIT.approval, stdout: '' });
    expect(refused.stderr).toMatch(/nothing was changed[\s\S]*--yes/);
    const { freedBytes } = await json<{ freedBytes: number }>(`checkpoint delete ${id} --yes`);
    expect(freedBytes).toBeGreaterThan(190_000);
    expect((await rerail(`checkpoint show ${id}`)).code).toBe(EXIT.notFound);
  });

  it('that a clean-up would remove is listed with the bytes it would free', async () => {
    await put('big.bin', randomBytes(300_000));
    const id = await capture();
    await put('big.bin', 'small');
    await capture();
    const command = `cleanup --checkpoints-only --subject ${subject} --keep-last 0 --older-than 0s`;
    const dry = await json<{ checkpoints: { removed: string[]; freedBytes: number }[] }>(`${command} --dry-run`);
    expect(dry.checkpoints).toMatchObject([{ removed: [id] }]);
    expect(dry.checkpoints[0]?.freedBytes).toBeGreaterThan(290_000);
    expect(await done(`${command} --dry-run`)).toMatch(/would remove 1 checkpoints \(29\d\.\d KiB\)/);
    expect(await checkpoints.get(id, subject)).toMatchObject({ state: 'complete' });
  });
});

import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGitState } from '../../src/activities/git/read-git-state.ts';
import { newId } from '../../src/domain/ids.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { makeInfo, openActivities, restoreOrder } from './checkpoint-fixtures.ts';

const { bench, at } = newBenchForEach();

const IDENTITY = {
  GIT_AUTHOR_NAME: 't',
  GIT_AUTHOR_EMAIL: 't@x',
  GIT_COMMITTER_NAME: 't',
  GIT_COMMITTER_EMAIL: 't@x',
  GIT_CONFIG_GLOBAL: '/dev/null',
};
const git = (...args: string[]): string =>
  execFileSync('git', ['-C', bench.root, ...args], {
    env: { PATH: process.env['PATH'], ...IDENTITY },
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();

function makeRepository(): string {
  git('init', '-q', '-b', 'main');
  writeFileSync(at('file'), 'one\n');
  git('add', 'file');
  git('commit', '-q', '-m', 'one');
  return git('rev-parse', 'HEAD');
}

/** Leaves the repository in the middle of a merge. */
function startMerge(): void {
  git('checkout', '-q', '-b', 'other');
  writeFileSync(at('file'), 'other\n');
  git('commit', '-q', '-a', '-m', 'other');
  git('checkout', '-q', 'main');
  writeFileSync(at('file'), 'main\n');
  git('commit', '-q', '-a', '-m', 'main');
  expect(() => git('merge', 'other')).toThrow();
}

describe('readGitState', () => {
  it('is null without a repository at the root itself', async () => {
    expect(await readGitState(bench.root)).toBeNull();
    makeRepository();
    mkdirSync(at('below'));
    expect(await readGitState(at('below'))).toBeNull();
    rmSync(at('.git'), { recursive: true });
    mkdirSync(at('.git'));
    expect(await readGitState(bench.root)).toBeNull();
  });

  it('tells head, branch, changes, stash and index', async () => {
    const head = makeRepository();
    writeFileSync(at('file'), 'stashed\n');
    git('stash', 'push', '-q', '-m', 'put by');
    writeFileSync(at('file'), 'changed\n');
    writeFileSync(at('new\nname'), '');
    const state = await readGitState(bench.root);
    expect(state).toMatchObject({
      head,
      branch: 'main',
      inProgress: [],
      indexSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(state?.changes).toEqual([expect.stringMatching(/^1 \.M .* file$/), '? new\nname']);
    expect(state?.stash).toEqual([`${git('rev-parse', 'stash@{0}')} On main: put by`]);
  });

  it('tells a repository without commits and a detached head apart', async () => {
    git('init', '-q', '-b', 'main');
    expect(await readGitState(bench.root)).toMatchObject({ head: null, branch: 'main', indexSha256: null });
    const head = makeRepository();
    git('checkout', '-q', '--detach');
    expect(await readGitState(bench.root)).toMatchObject({ head, branch: null });
  });

  it('sees an operation in progress', async () => {
    makeRepository();
    startMerge();
    expect((await readGitState(bench.root))?.inProgress).toEqual(['MERGE_HEAD']);
  });

  it('reads a linked worktree', async () => {
    const head = makeRepository();
    const tree = join(bench.directory, 'tree');
    git('worktree', 'add', '-q', '-b', 'side', tree);
    expect(await readGitState(tree)).toMatchObject({ head, branch: 'side', changes: [] });
  });

  it('writes nothing and runs nothing that the repository names', async () => {
    makeRepository();
    writeFileSync(at('.git/run'), `#!/bin/sh\ntouch ${join(bench.directory, 'ran')}\n`, { mode: 0o755 });
    git('config', 'core.fsmonitor', at('.git/run'));
    writeFileSync(at('file'), 'two\n');
    writeFileSync(at('file'), 'one\n');
    const list = (): string => execFileSync('find', [bench.root, '-printf', '%p %C@ %T@ %i\n'], { encoding: 'utf8' });
    const before = list();
    await readGitState(bench.root);
    expect(list()).toBe(before);
    expect(execFileSync('ls', [bench.directory], { encoding: 'utf8' })).not.toContain('ran');
  });

  it('fails loudly on a repository that git cannot read', async () => {
    makeRepository();
    writeFileSync(at('.git/index'), 'garbage');
    await expect(readGitState(bench.root)).rejects.toMatchObject({
      code: 'command-failed',
      remedy: expect.any(String),
    });
  });
});

describe('a restore in a repository', () => {
  async function capture(): Promise<string> {
    const id = newId('cp');
    const record = await (await openActivities(bench)).captureCheckpoint({ info: makeInfo(id), root: bench.root });
    expect(record.parts).toContain('git');
    expect(record.gitHead).toBe(git('rev-parse', 'HEAD'));
    return id;
  }

  it('brings files back on the same commit and says on which', async () => {
    const head = makeRepository();
    writeFileSync(at('file'), 'uncommitted\n');
    const id = await capture();
    git('checkout', '-q', 'file');
    const before = readFileSync(at('.git/index'));
    const result = await (await openActivities(bench)).restoreCheckpoint(restoreOrder(id));
    expect(result).toMatchObject({ success: true, verified: { gitHead: head, mismatches: [] } });
    expect(readFileSync(at('file'), 'utf8')).toBe('uncommitted\n');
    expect(readFileSync(at('.git/index')).equals(before)).toBe(true);
  });

  it('refuses when the head moved, before it touches anything, unless forced', async () => {
    makeRepository();
    const id = await capture();
    appendFileSync(at('file'), 'two\n');
    git('commit', '-q', '-a', '-m', 'two');
    const { restoreCheckpoint, listStored } = await openActivities(bench);
    await expect(restoreCheckpoint(restoreOrder(id))).rejects.toMatchObject({
      code: 'git-head-moved',
      nonRetryable: true,
    });
    expect(readFileSync(at('file'), 'utf8')).toBe('one\ntwo\n');
    expect(await listStored()).toHaveLength(1);
    expect(await restoreCheckpoint(restoreOrder(id, { force: true }))).toMatchObject({
      success: true,
      dataLoss: false,
    });
    expect(readFileSync(at('file'), 'utf8')).toBe('one\n');
  });

  it('refuses on another branch of the same commit', async () => {
    makeRepository();
    const id = await capture();
    git('checkout', '-q', '-b', 'elsewhere');
    await expect((await openActivities(bench)).restoreCheckpoint(restoreOrder(id))).rejects.toMatchObject({
      code: 'git-head-moved',
    });
  });

  it('refuses in the middle of a merge', async () => {
    makeRepository();
    const id = await capture();
    startMerge();
    await expect((await openActivities(bench)).restoreCheckpoint(restoreOrder(id))).rejects.toMatchObject({
      code: 'git-in-progress',
    });
  });

  it('is no success when the head moves meanwhile', async () => {
    makeRepository();
    const id = await capture();
    writeFileSync(at('stray'), '');
    const { restoreCheckpoint } = await openActivities(bench, {
      failpoint(name) {
        if (name === 'restore.before-end') git('commit', '-q', '--allow-empty', '-m', 'meanwhile');
      },
    });
    const result = await restoreCheckpoint(restoreOrder(id));
    expect(result.success).toBe(false);
    expect(result.verified.mismatches[0]).toContain('git head is');
  });

  it('restores to another place without asking for its repository', async () => {
    makeRepository();
    const id = await capture();
    const elsewhere = join(bench.directory, 'elsewhere');
    mkdirSync(elsewhere);
    const { restoreCheckpoint } = await openActivities(bench);
    expect(await restoreCheckpoint({ ...restoreOrder(id), root: elsewhere })).toMatchObject({ success: true });
    expect(readFileSync(join(elsewhere, 'file'), 'utf8')).toBe('one\n');
  });
});

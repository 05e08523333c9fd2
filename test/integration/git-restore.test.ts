import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RestoreOptions } from '../../src/domain/rollback.ts';
import { newId } from '../../src/domain/ids.ts';
import { newBenchForEach } from './checkpoint-bench.ts';
import { makeInfo, openActivities, restoreOrder, runAndKill } from './checkpoint-fixtures.ts';

const { bench, at, capture } = newBenchForEach();

const git = (...args: string[]): string =>
  execFileSync('git', ['-C', bench.root, '-c', 'user.name=t', '-c', 'user.email=t@x', ...args], {
    env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null' },
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();

const write = (path: string, text: string): void => writeFileSync(at(path), text);

/** Two commits on main, something stashed twice, something staged, something changed and something untracked. */
function makeRepository(): void {
  git('init', '-q', '-b', 'main');
  for (const text of ['one', 'two']) {
    write('file', `${text}\n`);
    git('add', '.');
    git('commit', '-q', '-m', text);
  }
  for (const text of ['first', 'second']) {
    write('file', `${text}\n`);
    git('stash', 'push', '-q', '-m', `put by ${text}`);
  }
  write('staged', 'staged and in no commit\n');
  git('add', 'staged');
  write('file', 'changed\n');
  write('untracked', 'untracked\n');
}

/** Everything that git can tell of itself, and the content behind it. */
const picture = (): string[] => [
  git('status', '--porcelain=v2', '--branch', '--untracked-files=all'),
  git('log', '--format=%H %s', 'HEAD'),
  git('stash', 'list', '--format=%H %gs'),
  git('ls-files', '--stage'),
  git('show', ':staged'),
  git('stash', 'show', '-p', 'stash@{1}'),
  git('fsck', '--strict'),
];

/** Another branch, the old commits out of reach and cleaned up for good. */
function wreck(): void {
  git('checkout', '-q', '-f', '--orphan', 'elsewhere');
  git('rm', '-rfq', '.');
  rmSync(at('untracked'), { force: true });
  write('other', 'other\n');
  git('add', '.');
  git('commit', '-q', '-m', 'elsewhere');
  git('stash', 'clear');
  git('branch', '-D', 'main');
  git('reflog', 'expire', '--expire=now', '--all');
  git('gc', '-q', '--prune=now');
}

const restore = async (id: string, options: Partial<RestoreOptions> = { parts: ['files', 'git'] }) =>
  (await openActivities(bench)).restoreCheckpoint(restoreOrder(id, options));

describe('a restore with git', () => {
  it('brings head, branch, index, stash and changes back, after the commits were cleaned up', async () => {
    makeRepository();
    const before = picture();
    const head = git('rev-parse', 'HEAD');
    const id = await capture();
    wreck();
    expect(() => git('cat-file', '-e', head)).toThrow();
    const result = await restore(id);
    expect(result).toMatchObject({
      success: true,
      dataLoss: false,
      plan: { git: { from: { branch: 'elsewhere', stash: 0 }, to: { branch: 'main', head, stash: 2 } } },
      verified: { gitHead: head, mismatches: [] },
    });
    expect(picture()).toEqual(before);
    expect(readFileSync(at('file'), 'utf8')).toBe('changed\n');
    git('gc', '-q', '--prune=now');
    expect(picture()).toEqual(before);
  });

  it('can be undone, and the undo as well', async () => {
    makeRepository();
    const before = picture();
    const id = await capture();
    wreck();
    const wrecked = [git('rev-parse', 'HEAD'), git('status', '--porcelain=v2', '--branch')];
    const { backupId = '' } = await restore(id);
    const undo = await restore(backupId);
    expect([git('rev-parse', 'HEAD'), git('status', '--porcelain=v2', '--branch')]).toEqual(wrecked);
    expect(undo.success).toBe(true);
    await restore(undo.backupId ?? '');
    expect(picture()).toEqual(before);
  });

  it('goes back over commits that came later, without the files when only git is named', async () => {
    makeRepository();
    const head = git('rev-parse', 'HEAD');
    const id = await capture();
    git('commit', '-q', '-a', '-m', 'later');
    write('file', 'now\n');
    const result = await restore(id, { parts: ['git'] });
    expect(result).toMatchObject({ success: true, strategy: 'partial', verified: { files: 0, gitHead: head } });
    expect(git('rev-parse', 'HEAD')).toBe(head);
    expect(readFileSync(at('file'), 'utf8')).toBe('now\n');
  });

  it('restores a detached head and a repository without a commit', async () => {
    makeRepository();
    git('stash', 'clear');
    git('checkout', '-q', '-f', '--detach', 'HEAD~1');
    const detached = await capture();
    git('checkout', '-q', '-f', 'main');
    expect(await restore(detached)).toMatchObject({ success: true });
    expect(() => git('symbolic-ref', 'HEAD')).toThrow();
    expect(git('log', '-1', '--format=%s')).toBe('one');
    rmSync(at('.git'), { recursive: true });
    git('init', '-q', '-b', 'fresh');
    git('add', '.');
    const unborn = await capture();
    git('commit', '-q', '-m', 'born');
    expect(await restore(unborn)).toMatchObject({ success: true });
    expect(() => git('rev-parse', '--verify', 'HEAD')).toThrow();
    expect(git('ls-files')).toContain('file');
  });

  it('does nothing when nothing has moved', async () => {
    makeRepository();
    const id = await capture();
    const index = readFileSync(at('.git/index'));
    const result = await restore(id);
    expect(result.plan).toMatchObject({ changesTotal: 0 });
    expect(result.plan.git).toBeUndefined();
    expect(readFileSync(at('.git/index'))).toEqual(index);
  });

  it('refuses in the middle of a merge, and with force moves the merge aside', async () => {
    makeRepository();
    git('stash', 'clear');
    git('reset', '-q', '--hard');
    const id = await capture();
    git('checkout', '-q', '-b', 'side', 'HEAD~1');
    write('file', 'side\n');
    git('commit', '-q', '-a', '-m', 'side');
    expect(() => git('merge', 'main')).toThrow();
    await expect(restore(id)).rejects.toMatchObject({ code: 'git-in-progress' });
    expect(existsSync(at('.git/MERGE_HEAD'))).toBe(true);
    expect(await restore(id, { parts: ['files', 'git'], force: true })).toMatchObject({ success: true });
    expect(existsSync(at('.git/MERGE_HEAD'))).toBe(false);
    expect(existsSync(at(`.git/rerail-aside-${id}/MERGE_HEAD`))).toBe(true);
    expect(git('status', '--porcelain')).toBe('?? untracked');
  });

  it('refuses while another git holds the index, and without a repository', async () => {
    makeRepository();
    const id = await capture();
    git('commit', '-q', '-a', '-m', 'later');
    write('.git/index.lock', '');
    await expect(restore(id)).rejects.toMatchObject({ code: 'git-in-progress' });
    rmSync(at('.git'), { recursive: true });
    await expect(restore(id)).rejects.toMatchObject({ code: 'git-missing' });
  });

  it('packs only what is new since the parent, and the parent may go', async () => {
    makeRepository();
    write('file', execFileSync('head', ['-c', '400000', '/dev/urandom']).toString('base64'));
    git('commit', '-q', '-a', '-m', 'large');
    const { captureCheckpoint, deleteCheckpoints } = await openActivities(bench);
    const first = await captureCheckpoint({ info: makeInfo(), root: bench.root });
    const second = await captureCheckpoint({ info: makeInfo(), root: bench.root, parentId: first.info.id });
    expect(second.newBytes).toBe(0);
    write('note', 'small');
    git('add', 'note');
    git('commit', '-q', '-m', 'small');
    const before = picture();
    const third = await captureCheckpoint({ info: makeInfo(newId('cp')), root: bench.root, parentId: second.info.id });
    expect(third.newBytes).toBeLessThan(20_000);
    await deleteCheckpoints({ ids: [first.info.id, second.info.id] });
    wreck();
    expect(await restore(third.info.id)).toMatchObject({ success: true });
    expect(picture()).toEqual(before);
  });

  it.each(['restore.after-commit', 'restore.before-git', 'restore.before-clean'])(
    'that is killed at %s is finished by the next capture there',
    async (failpoint) => {
      makeRepository();
      const before = picture();
      const id = await capture();
      wreck();
      runAndKill({ bench, failpoint, restore: restoreOrder(id, { parts: ['files', 'git'] }) });
      await capture();
      expect(picture()).toEqual(before);
      expect(existsSync(join(bench.root, '.git/index.lock'))).toBe(false);
    },
  );

  it('leaves nested repositories alone that are plain content', async () => {
    makeRepository();
    mkdirSync(at('nested'));
    execFileSync('git', ['init', '-q', at('nested')]);
    const id = await capture();
    const config = readFileSync(at('nested/.git/config'), 'utf8');
    rmSync(at('nested'), { recursive: true });
    await restore(id);
    expect(readFileSync(at('nested/.git/config'), 'utf8')).toBe(config);
  });
});

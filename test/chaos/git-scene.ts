import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function git(root: string, ...args: string[]): string {
  return execFileSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@x', ...args], {
    env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null', GIT_OPTIONAL_LOCKS: '0' },
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim();
}

/** Two commits, a stash, something staged and something changed. */
export function makeRepository(root: string): void {
  const write = (name: string, text: string): void => writeFileSync(join(root, name), text);
  git(root, 'init', '-q', '-b', 'main');
  for (const text of ['one', 'two']) {
    write('file', `${text}\n`);
    git(root, 'add', '.');
    git(root, 'commit', '-q', '-m', text);
  }
  write('file', 'stashed\n');
  git(root, 'stash', 'push', '-q', '-m', 'stashed');
  write('staged', 'staged and in no commit\n');
  git(root, 'add', 'staged');
  write('file', 'changed\n');
}

/** Another branch, with the old commits out of reach and cleaned up for good. */
export function wreckRepository(root: string): void {
  git(root, 'checkout', '-q', '-f', '--orphan', 'elsewhere');
  git(root, 'rm', '-rfq', '.');
  writeFileSync(join(root, 'other'), 'other\n');
  git(root, 'add', '.');
  git(root, 'commit', '-q', '-m', 'elsewhere');
  git(root, 'stash', 'clear');
  git(root, 'branch', '-D', 'main');
  git(root, 'reflog', 'expire', '--expire=now', '--all');
  git(root, 'gc', '-q', '--prune=now');
  rmSync(join(root, '.git/ORIG_HEAD'), { force: true });
}

/** Everything that git can tell of itself and the content behind it; empty without a repository. */
export function gitPictureOf(root: string): string {
  if (!existsSync(join(root, '.git/HEAD'))) return '';
  return [
    git(root, 'status', '--porcelain=v2', '--branch', '--untracked-files=all'),
    git(root, 'log', '--format=%H %s', 'HEAD'),
    git(root, 'stash', 'list', '--format=%H %gs'),
    git(root, 'ls-files', '--stage'),
    git(root, 'fsck', '--strict', '--no-dangling'),
    existsSync(join(root, '.git/index.lock')) ? 'index.lock is there' : '',
  ].join('\n');
}

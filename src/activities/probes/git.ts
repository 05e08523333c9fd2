import { stat } from 'node:fs/promises';
import path from 'node:path';
import { toMs } from '../../domain/duration.ts';
import { codeOf } from '../../domain/errors.ts';
import { openRepository } from '../git/git-repository.ts';
import { IN_PROGRESS } from '../git/read-git-state.ts';
import type { Look, LookAt } from './look.ts';

async function ageMs(file: string): Promise<number | undefined> {
  const found = await stat(file).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  return found && Date.now() - found.mtimeMs;
}

const failed = (observed: string): Look => ({ passed: false, observed, failureType: 'git' });

export const lookAtGit: LookAt<'git'> = async ({ path: root, clean, branch, maxLockAge }, { signal }) => {
  const repository = await openRepository(root, signal);
  if (repository === null) return failed(`${root} is no git repository`);
  const { gitDir, run, must } = repository;
  for (const name of IN_PROGRESS) {
    if ((await ageMs(path.join(gitDir, name))) !== undefined) return failed(`${name} is there: git is in the middle`);
  }
  const lock = await ageMs(path.join(gitDir, 'index.lock'));
  if (lock !== undefined && lock > toMs(maxLockAge))
    return failed(`index.lock is ${Math.round(lock / 1000)} s old: a git has died`);
  const head = await run(['symbolic-ref', '--quiet', '--short', 'HEAD']);
  if (head.exitCode !== 0 && head.exitCode !== 1) return failed(head.stderr.split('\n')[0] ?? 'HEAD cannot be read');
  const on = head.exitCode === 0 ? head.stdout.toString().trim() : null;
  if (branch !== undefined && on !== branch) return failed(`on ${on ?? 'a detached HEAD'} instead of ${branch}`);
  if (clean !== false) {
    const untracked = clean === 'tracked' ? 'no' : 'normal';
    const changes =
      (await must(['status', '--porcelain', '-z', `--untracked-files=${untracked}`])).split('\0').length - 1;
    if (changes > 0) return { ...failed(`${changes} changes are not committed`), value: changes, unit: 'changes' };
  }
  return { passed: true, observed: `on ${on ?? 'a detached HEAD'}${clean === false ? '' : ', clean'}` };
};

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import type { GitState } from '../../domain/checkpoint.ts';
import { codeOf } from '../../domain/errors.ts';
import { openRepository } from './git-repository.ts';
import type { UserRepository } from './git-repository.ts';

export const IN_PROGRESS = [
  'MERGE_HEAD',
  'rebase-merge',
  'rebase-apply',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'BISECT_LOG',
] as const;

/** The state of the repository whose work tree starts at `root`, without writing to it; null when there is none. */
export async function readGitState(root: string, signal?: AbortSignal): Promise<GitState | null> {
  const repository = await openRepository(root, signal);
  return repository && readState(repository);
}

export async function readState({ run, must, failed, gitDir }: UserRepository): Promise<GitState> {
  const [head, branch, status, stash, staged, inProgress, indexSha256] = await Promise.all([
    run(['rev-parse', '--quiet', '--verify', 'HEAD^{commit}']),
    run(['symbolic-ref', '--quiet', 'HEAD']),
    must(['status', '--porcelain=v2', '-z', '--no-renames', '--untracked-files=all']),
    must(['stash', 'list', '-z', '--format=%H %gs']),
    must(['ls-files', '--stage', '-z']),
    listInProgress(gitDir),
    hashIndex(gitDir),
  ]);
  // Exit code 1 is the answer "there is none": no commit yet, or a detached head.
  for (const result of [head, branch])
    if (result.exitCode !== 0 && result.exitCode !== 1) throw failed(['rev-parse'], result);
  return {
    head: head.exitCode === 0 ? head.stdout.toString().trim() : null,
    branch:
      branch.exitCode === 0
        ? branch.stdout
            .toString()
            .trim()
            .replace(/^refs\/heads\//, '')
        : null,
    changes: records(status),
    stash: records(stash),
    inProgress,
    indexSha256,
    stagedSha256: createHash('sha256').update(staged).digest('hex'),
  };
}

const records = (text: string): string[] => text.split('\0').filter((record) => record !== '');

async function listInProgress(gitDir: string): Promise<string[]> {
  const found = await Promise.all(
    IN_PROGRESS.map((name) =>
      stat(join(gitDir, name)).then(
        () => name,
        () => undefined,
      ),
    ),
  );
  return found.filter((name) => name !== undefined);
}

export async function hashIndex(gitDir: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(join(gitDir, 'index')))
      .digest('hex');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import type { GitState } from '../../domain/checkpoint.ts';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { gitEnvironment } from '../../process/git-environment.ts';
import { runProcess } from '../../process/run-process.ts';
import type { ProcessResult } from '../../process/run-process.ts';

const IN_PROGRESS = ['MERGE_HEAD', 'rebase-merge', 'rebase-apply', 'CHERRY_PICK_HEAD', 'REVERT_HEAD', 'BISECT_LOG'];
const TIMEOUT_MS = 60_000;

/** Nothing that the repository's own configuration names may be run by a mere look at it. */
const QUIET = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'status.relativePaths=false'];

/** The state of the repository whose work tree starts at `root`, without writing to it; null when there is none. */
export async function readGitState(root: string, signal?: AbortSignal): Promise<GitState | null> {
  if ((await stat(join(root, '.git')).catch(() => undefined)) === undefined) return null;
  // With both named git searches no further, and does not mind who owns the directory.
  const env = gitEnvironment({ GIT_DIR: join(root, '.git'), GIT_WORK_TREE: root });
  const git = (...args: string[]): Promise<ProcessResult> =>
    runProcess({
      argv: ['git', ...QUIET, ...args],
      env,
      cwd: root,
      timeoutMs: TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
  const must = async (...args: string[]): Promise<string> => {
    const result = await git(...args);
    if (result.exitCode !== 0 || result.truncated) throw failed(root, args, result);
    return result.stdout.toString('utf8');
  };

  const found = await git('rev-parse', '--absolute-git-dir');
  // Some other thing of that name, or a worktree whose repository is gone.
  if (/not a git repository/.test(found.stderr)) return null;
  if (found.exitCode !== 0) throw failed(root, ['rev-parse'], found);
  const gitDir = found.stdout.toString().trim();
  const [head, branch, status, stash, inProgress, indexSha256] = await Promise.all([
    git('rev-parse', '--quiet', '--verify', 'HEAD^{commit}'),
    git('symbolic-ref', '--quiet', 'HEAD'),
    must('status', '--porcelain=v2', '-z', '--no-renames', '--untracked-files=all'),
    must('stash', 'list', '-z', '--format=%H %gs'),
    listInProgress(gitDir),
    hashIndex(gitDir),
  ]);
  // Exit code 1 is the answer "there is none": no commit yet, or a detached head.
  for (const result of [head, branch])
    if (result.exitCode !== 0 && result.exitCode !== 1) throw failed(root, ['rev-parse'], result);
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

async function hashIndex(gitDir: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(join(gitDir, 'index')))
      .digest('hex');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function failed(root: string, args: readonly string[], result: ProcessResult): RerailError {
  const why = result.timedOut
    ? `it took longer than ${String(TIMEOUT_MS)} ms`
    : result.stderr.split('\n')[0] || `exit code ${String(result.exitCode)}`;
  return new RerailError(
    'command-failed',
    `Cannot read the git state of ${root}: git ${args[0] ?? ''} failed: ${why}`,
    {
      remedy: 'Repair the repository (see `git fsck`), or protect the workspace without the git part.',
    },
  );
}

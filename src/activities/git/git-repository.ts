import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import { gitEnvironment } from '../../process/git-environment.ts';
import { runProcess, startProcess } from '../../process/run-process.ts';
import type { ProcessResult, RunningProcess } from '../../process/run-process.ts';

const TIMEOUT_MS = 60_000;

/** Nothing that the repository's own configuration names may be run by a mere look at it. */
const QUIET = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'status.relativePaths=false'];

/** A user's repository, whose work tree starts at `root`. */
export interface UserRepository {
  readonly root: string;
  readonly gitDir: string;
  /** Judged by the caller. */
  run: (args: readonly string[], input?: string) => Promise<ProcessResult>;
  /** Anything but exit code 0 is an error. Returns stdout as text. */
  must: (args: readonly string[], input?: string) => Promise<string>;
  /** For content that is too large to hold. */
  start: (args: readonly string[]) => RunningProcess;
  failed: (args: readonly string[], result: ProcessResult) => RerailError;
}

/** Null when there is no repository with this root. Looks, and writes nothing. */
export async function openRepository(root: string, signal?: AbortSignal): Promise<UserRepository | null> {
  if ((await stat(join(root, '.git')).catch(() => undefined)) === undefined) return null;
  // With both named git searches no further, and does not mind who owns the directory.
  const env = gitEnvironment({ GIT_DIR: join(root, '.git'), GIT_WORK_TREE: root });
  const spec = (args: readonly string[]) => ({
    argv: ['git', ...QUIET, ...args] as [string, ...string[]],
    env,
    cwd: root,
    ...(signal === undefined ? {} : { signal }),
  });
  const failed = (args: readonly string[], result: ProcessResult): RerailError => gitFailed(root, args, result);
  const run = (args: readonly string[], input?: string): Promise<ProcessResult> =>
    runProcess({ ...spec(args), timeoutMs: TIMEOUT_MS, ...(input === undefined ? {} : { input }) });
  const found = await run(['rev-parse', '--absolute-git-dir']);
  // Some other thing of that name, or a worktree whose repository is gone.
  if (/not a git repository/.test(found.stderr)) return null;
  if (found.exitCode !== 0) throw failed(['rev-parse'], found);
  return {
    root,
    gitDir: found.stdout.toString().trim(),
    run,
    failed,
    async must(args, input) {
      const result = await run(args, input);
      if (result.exitCode !== 0 || result.truncated) throw failed(args, result);
      return result.stdout.toString('utf8');
    },
    start: (args) => startProcess(spec(args)),
  };
}

function gitFailed(root: string, args: readonly string[], result: ProcessResult): RerailError {
  const why = result.timedOut
    ? `it took longer than ${String(TIMEOUT_MS)} ms`
    : result.stderr.split('\n')[0] || `exit code ${String(result.exitCode)}`;
  return new RerailError('command-failed', `git ${args[0] ?? ''} failed in ${root}: ${why}`, {
    remedy: 'Repair the repository (see `git fsck`), or protect the workspace without the git part.',
  });
}

import { statfsSync } from 'node:fs';
import { RerailError } from '../../domain/errors.ts';
import { gitEnvironment } from '../../process/git-environment.ts';
import { runProcess, startProcess } from '../../process/run-process.ts';
import type { ProcessResult, RunningProcess } from '../../process/run-process.ts';

export interface StoreLogger {
  warn(details: object, message: string): void;
}

/** The private repository that holds a store's objects, and what its code needs around it. */
export interface GitRepository {
  readonly path: string;
  readonly gitDir: string;
  readonly logger: StoreLogger;
  /** Named places where tests kill the process; does nothing in production. */
  failpoint(name: string): void | Promise<void>;
}

const environment = (repository: GitRepository): Record<string, string> =>
  gitEnvironment({ GIT_DIR: repository.gitDir });

export function startGit(repository: GitRepository, args: readonly string[]): RunningProcess {
  return startProcess({ argv: ['git', ...args], env: environment(repository), cwd: repository.path });
}

/** Runs git to its end; anything but exit code 0 is an error. */
export async function runGit(repository: GitRepository, args: readonly string[], input?: string): Promise<Buffer> {
  const result = await runProcess({
    argv: ['git', ...args],
    env: environment(repository),
    cwd: repository.path,
    maxOutputBytes: 512 * 1024 * 1024,
    ...(input === undefined ? {} : { input }),
  });
  if (result.exitCode !== 0 || result.truncated) throw gitFailed(repository, args, result);
  return result.stdout;
}

/** git does not always say why it could not write. */
const CANNOT_WRITE = /(couldn't|unable to|cannot|failed to) write/i;
const HARDLY_ANY_BYTES = 64 * 1024;

function isFull(path: string): boolean {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize < HARDLY_ANY_BYTES;
}

const NO_SPACE = /No space left on device|Out of diskspace|Disk quota exceeded|File too large/i;

export function gitFailed(repository: GitRepository, args: readonly string[], result: ProcessResult): RerailError {
  const command = args.find((arg) => !arg.startsWith('-') && !arg.includes('=')) ?? 'git';
  const how = result.signal === null ? `exit code ${String(result.exitCode)}` : `signal ${result.signal}`;
  const why = result.truncated ? 'its output is too long' : result.stderr.split('\n').slice(0, 3).join(' ') || how;
  const noSpace = NO_SPACE.test(result.stderr) || (CANNOT_WRITE.test(result.stderr) && isFull(repository.path));
  if (noSpace) return diskFull(repository.path, why);
  return new RerailError('store-failed', `git ${command} failed on the checkpoint store ${repository.path}: ${why}`, {
    remedy: 'Check the store with `rerail doctor`, then try again.',
    details: { exitCode: result.exitCode, signal: result.signal, stderr: result.stderr },
  });
}

export function diskFull(path: string, why: string): RerailError {
  return new RerailError('disk-full', `The disk of the checkpoint store ${path} is full: ${why}`, {
    remedy: 'Free space there, or delete checkpoints and sweep with `rerail cleanup`; no checkpoint was harmed.',
  });
}

import { RerailError } from '../../../domain/errors.ts';
import { gitEnvironment } from '../../../process/git-environment.ts';
import { runProcess } from '../../../process/run-process.ts';

/** In a repository of the sandbox; answers with what it has written. */
export async function git(
  work: string,
  args: readonly string[],
  mayFail: 'may fail' | 'must work' = 'must work',
): Promise<string> {
  const result = await runProcess({ argv: ['git', ...args], env: gitEnvironment(), cwd: work, timeoutMs: 60_000 });
  if (result.exitCode === 0 || mayFail === 'may fail') return result.stdout.toString('utf8');
  throw new RerailError('command-failed', `git ${args[0] ?? ''} failed in the sandbox: ${result.stderr.trim()}`, {
    remedy: 'The drill’s files or faults do not fit a repository: correct the definition.',
    nonRetryable: true,
  });
}

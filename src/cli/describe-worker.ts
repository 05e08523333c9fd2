import { loadProviders } from '../config/load-providers.ts';
import type { Settings } from '../config/settings.ts';
import { isRerailError } from '../domain/errors.ts';
import type { HostWorker } from '../domain/host.ts';
import { runProcess } from '../process/run-process.ts';

const WITHIN_MS = 5000;
const SHOWN = 20;

/** The first thing like a version in what the program says of itself; null where there is no such program. */
async function versionOf(argv: [string, ...string[]]): Promise<string | null> {
  try {
    const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };
    const { exitCode, stdout } = await runProcess({ argv, env, timeoutMs: WITHIN_MS });
    return exitCode === 0 ? (/\d+\.\d+[\w.]*/.exec(stdout.toString())?.[0] ?? null) : null;
  } catch (error) {
    // Not installed: that is the answer.
    if (isRerailError(error) && error.code === 'command-not-found') return null;
    throw error;
  }
}

/** What the worker of this host is able to do. */
export async function describeWorker(
  { providersFile, replicaBucket }: Pick<Settings, 'providersFile' | 'replicaBucket'>,
  version: string,
): Promise<HostWorker> {
  const [git, tmux, providers] = await Promise.all([
    versionOf(['git', '--version']),
    versionOf(['tmux', '-V']),
    providersFile === undefined ? [] : loadProviders(providersFile),
  ]);
  return {
    ...{ version, node: process.versions.node, git, tmux },
    providers: providers.map(({ name }) => name).slice(0, SHOWN),
    replica: replicaBucket !== undefined,
    startedAt: new Date().toISOString(),
  };
}

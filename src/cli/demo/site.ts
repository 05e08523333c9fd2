import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, lstat, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { glob } from 'tinyglobby';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { findFreePort } from '../../embedded/ports.ts';
import { commandEnvironment } from '../../process/command-environment.ts';
import { runProcess } from '../../process/run-process.ts';

export const EXAMPLE = fileURLToPath(new URL('../../../examples/release', import.meta.url));

/** A small real package in a git repository of its own, and the service that it is deployed to. */
export interface Site {
  workspace: string;
  /** Outside the workspace: the service's data, caches and the list of what the steps have done. */
  state: string;
  url: string;
  startService: () => Promise<void>;
  stopService: () => Promise<void>;
  commit: (message: string) => Promise<void>;
  git: (...words: string[]) => Promise<string>;
  /** `step key` for each start of a step. */
  effects: () => Promise<{ step: string; key: string }[]>;
  deploys: () => Promise<number>;
  live: () => Promise<{ version: string; maintenance: boolean }>;
  /** Mode and size of every file but git's own, to compare before and after. */
  census: () => Promise<Record<string, string>>;
}

async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  });
  return text.split('\n').filter((line) => line !== '');
}

export async function createSite(root: string): Promise<Site> {
  const workspace = path.join(root, 'workspace');
  const state = path.join(root, 'state');
  await mkdir(path.join(state, 'cache'), { recursive: true });
  await cp(path.join(EXAMPLE, 'site'), workspace, { recursive: true });
  // npm would leave a file of this name out of the package.
  await rename(path.join(workspace, 'gitignore'), path.join(workspace, '.gitignore'));
  // Below the ports that outgoing connections are given: the service takes it only seconds from now.
  const port = await findFreePort(20_000 + Math.floor(Math.random() * 10_000));
  const { env } = await commandEnvironment({
    env: { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' },
  });
  const git = async (...words: string[]): Promise<string> => {
    const result = await runProcess({
      argv: ['git', '-c', 'user.name=Demo', '-c', 'user.email=demo@example.com', ...words],
      cwd: workspace,
      env,
    });
    if (result.exitCode !== 0) throw new Error(`git ${words.join(' ')}: ${result.stderr}`);
    return result.stdout.toString('utf8').trim();
  };
  const commit = async (message: string): Promise<void> => {
    await git('add', '--all');
    await git('commit', '--quiet', '--message', message);
  };
  await git('init', '--quiet', '--initial-branch=main');
  await commit('First version of the site');
  let service: ChildProcess | undefined;
  return {
    workspace,
    state,
    url: `http://127.0.0.1:${port}`,
    git,
    commit,
    async startService() {
      service = fork(path.join(EXAMPLE, 'service.mjs'), [String(port), state], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      const ready = once(service, 'message').then(() => true);
      const ended = once(service, 'exit').then(() => false);
      if (await Promise.race([ready, ended])) return;
      throw new RerailError('port-taken', `the demonstration's service could not start on port ${port}`, {
        remedy: 'Something else has taken the port meanwhile: run the demonstration again.',
      });
    },
    async stopService() {
      if (!service || service.exitCode !== null || service.signalCode !== null) return;
      const ended = once(service, 'exit');
      service.kill();
      await ended;
    },
    effects: async () =>
      (await linesOf(path.join(state, 'effects.log'))).map((line) => {
        const at = line.indexOf(' ');
        return { step: line.slice(0, at), key: line.slice(at + 1) };
      }),
    deploys: async () => (await linesOf(path.join(state, 'deploys.log'))).length,
    live: async () =>
      (await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()) as { version: string; maintenance: boolean },
    async census() {
      const files = await glob('**/*', { cwd: workspace, dot: true, ignore: ['.git/**', 'dist/**'] });
      const rows = await Promise.all(
        files.sort().map(async (file) => {
          const { mode, size } = await lstat(path.join(workspace, file));
          return [file, `${(mode & 0o7777).toString(8)} ${size}`] as const;
        }),
      );
      return Object.fromEntries(rows);
    },
  };
}

/** What an interrupted release left behind: applied, it corrupts a tracked file, deletes one and adds a stray one. */
export async function poisonCache(site: Site): Promise<void> {
  const poison = {
    writes: { 'src/messages.json': '{ "en": "Hello, {na', 'src/.messages.json.part': 'half of it' },
    removes: ['src/format.mjs'],
  };
  await writeFile(path.join(site.state, 'cache', 'generate.json'), JSON.stringify(poison));
}

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { listenerOf, sendSignal, statOf } from '../../src/process/proc.ts';
import { until } from './until.ts';
import { readMade, MADE_FORMAT } from '../../src/activities/sessions/build-session.ts';

const run = promisify(execFile);

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const findOnPath = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);

export const findTmux = (): string | undefined => findOnPath('tmux');

/** Skipped only where nobody demands that everything runs; the set-up installs it. */
const mayGoWithout = (name: string): boolean => findOnPath(name) === undefined && process.env['CI'] !== 'true';

export const skipWithoutTmux = mayGoWithout('tmux');
export const skipWithoutTmuxp = skipWithoutTmux || mayGoWithout('tmuxp');

export interface TmuxServer {
  folder: string;
  socket: string;
  /** Prints what tmux prints, without the last line feed. */
  tmux(...args: string[]): Promise<string>;
  /** A session with one pane. */
  start(name: string, options?: { cwd?: string; command?: string[] }): Promise<{ pane: string; session: string }>;
  /** Ends the server, whatever state it is in. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** A tmux server of the test's own, on a socket in a temporary directory, without anybody's configuration. */
export async function createTmuxServer(): Promise<TmuxServer> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'rerail-tmux-')));
  const socket = join(folder, 'tmux.sock');
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, SHELL: '/bin/sh', TERM: 'xterm', PS1: '$ ' };
  const tmux = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('tmux', ['-u', '-S', socket, '-f', '/dev/null', ...args], { env, cwd: folder });
    return stdout.replace(/\n$/, '');
  };
  const kill = async (): Promise<void> => {
    const pid = await listenerOf(socket);
    if (pid === undefined) return;
    sendSignal(pid, 'SIGKILL');
    await until(async () => ['Z', undefined].includes((await statOf(pid))?.state), 'the end of tmux');
  };
  return {
    folder,
    socket,
    tmux,
    async start(name, { cwd = folder, command = [] } = {}) {
      const made = readMade(
        `${await tmux('new-session', '-d', '-P', '-F', MADE_FORMAT, '-s', name, '-x', '120', '-y', '40', '-c', cwd, ...command)}\n`,
      );
      return { pane: made.pane_id, session: made.session_id };
    },
    kill,
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

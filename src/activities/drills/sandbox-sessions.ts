import { setTimeout as delay } from 'node:timers/promises';
import type { Sandbox } from '../../domain/drill-sandbox.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { commandEnvironment } from '../../process/command-environment.ts';
import { findCommand } from '../../process/find-command.ts';
import { listenerOf, sendSignal } from '../../process/proc.ts';
import { runProcess } from '../../process/run-process.ts';
import { missingTool } from './missing-tool.ts';
import { openOutside, type SandboxPlace } from './sandbox-place.ts';
import { signed, startSandboxProcess } from './sandbox-processes.ts';

const ANSWER_MS = 5000;
const LOOKS = 100;

export const clientOf = (session: string): string => `.client-${session}`;

/** Asks the drill's own tmux server, without anybody's configuration; undefined when it has refused. */
export async function askTmux(place: SandboxPlace, words: readonly string[]): Promise<string | undefined> {
  const { env } = await commandEnvironment({});
  const tmux = await findCommand('tmux', '/').catch((cause: unknown) => {
    throw missingTool('tmux', 'tmux', cause);
  });
  const { exitCode, stdout } = await runProcess({
    argv: [tmux, '-u', '-S', place.socket, '-f', '/dev/null', ...words],
    env: { ...env, SHELL: '/bin/sh', TERM: 'xterm', PS1: '$ ', ...signed(place) },
    cwd: place.work,
    timeoutMs: ANSWER_MS,
    dropPipes: true,
  });
  return exitCode === 0 ? stdout.toString('utf8') : undefined;
}

async function attach(place: SandboxPlace, session: string): Promise<void> {
  const name = clientOf(session);
  // A client needs a terminal of its own, which `script` gives it; tmux runs through no shell there but this line.
  const line = `exec tmux -u -S ${place.socket} attach-session -t =${session}`;
  await startSandboxProcess(place, name, ['script', '-qefc', line, '/dev/null'], {
    env: { TERM: 'xterm' },
    input: 'never ends',
  });
  for (let look = 0; look < LOOKS; look++) {
    if ((await askTmux(place, ['list-clients', '-t', `=${session}`]))?.trim()) return;
    await delay(50);
  }
  throw new RerailError('setup-failed', `nobody could attach to ${session} of the sandbox`, {
    remedy: 'See whether the program `script` is installed.',
    nonRetryable: true,
  });
}

/** A session that is there already was made by an earlier try. */
export async function startSessions(
  place: SandboxPlace,
  { sessions = [] }: Sandbox,
  signal?: AbortSignal,
): Promise<void> {
  if (sessions.length > 0) await openOutside(place);
  for (const { name, windows, attached } of sessions) {
    signal?.throwIfAborted();
    const there = await askTmux(place, ['list-windows', '-t', `=${name}`, '-F', '#{window_name}']);
    const known = there?.trim().split('\n') ?? [];
    for (const [index, window] of windows.entries()) {
      if (known.includes(window)) continue;
      const made = await askTmux(place, [
        ...(index === 0 && there === undefined
          ? ['new-session', '-d', '-s', name, '-x', '120', '-y', '40']
          : ['new-window', '-d', '-t', `=${name}:`]),
        ...['-n', window, '-c', place.work],
      ]);
      if (made === undefined)
        throw new RerailError('setup-failed', `tmux did not make window ${window} of session ${name}`);
    }
    if (attached) await attach(place, name);
  }
}

/** Also one that a recovery has started at the same socket. Signals, for it may be frozen. */
export async function endTmux(place: SandboxPlace): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    const pid = await listenerOf(place.socket);
    if (pid === undefined) return;
    sendSignal(pid, 'SIGKILL');
    await delay(20);
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { RerailError } from '../../domain/errors.ts';
import type { SessionSpec } from '../../domain/session.ts';
import { listenerOf, sendSignal } from '../../process/proc.ts';
import type { Looked } from './check-session.ts';
import { defaultSocket } from './server-process.ts';
import type { Tmux } from './tmux.ts';

/**
 * Kills a server that does not answer, with all of its sessions, where the definition allows that; any other is left alone.
 * Returns what was changed. Throws `session-failed` where it is not allowed.
 */
export async function endSilentServer(
  tmux: Tmux,
  { killServer }: Pick<SessionSpec, 'killServer'>,
  { reading, session }: Pick<Looked, 'reading' | 'session'>,
): Promise<string[]> {
  if (reading.health !== 'frozen' || session) return [];
  const socket = tmux.socket ?? defaultSocket();
  const pid = await listenerOf(socket);
  if (!killServer || pid === undefined) {
    throw new RerailError(
      'session-failed',
      `The tmux server at ${socket} (process ${pid ?? 'unknown'}) does not answer`,
      {
        remedy:
          'End it by hand, or set session.killServer: it would be killed with all of its sessions, which no checkpoint of one session holds.',
        nonRetryable: true,
      },
    );
  }
  sendSignal(pid, 'SIGKILL');
  for (let look = 0; look < 50 && (await tmux.ask(['list-sessions'])).outcome !== 'no-server'; look += 1)
    await sleep(20);
  return ['the tmux server that did not answer was killed'];
}

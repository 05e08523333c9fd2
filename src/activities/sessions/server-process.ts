import { listenerOf, statOf } from '../../process/proc.ts';
import type { Tmux } from './tmux.ts';

/** The socket that tmux takes where none is named. */
export const defaultSocket = (): string =>
  `${process.env['TMUX_TMPDIR'] ?? '/tmp'}/tmux-${String(process.getuid?.() ?? 0)}/default`;

/** The number of the server's process where that was stopped (state T). */
export async function stoppedServer({ socket = defaultSocket() }: Pick<Tmux, 'socket'>): Promise<number | undefined> {
  const pid = await listenerOf(socket);
  return pid !== undefined && (await statOf(pid))?.state === 'T' ? pid : undefined;
}

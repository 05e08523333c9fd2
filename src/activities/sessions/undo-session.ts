import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import { MADE_PANE, MADE_SESSION } from './build-session.ts';
import { readRows, rowFormat } from './read-rows.ts';
import type { Tmux, TmuxAnswer } from './tmux.ts';

const FIELDS = ['id', 'key'] as const;

/** A note that the recovery of the key has begun to change a session: without it there is nothing to undo where tmux does not answer. */
export function createChangeNote(folder: string, key: string) {
  const file = path.join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.begun`);
  return {
    write: async (): Promise<void> => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFile(file, key, { mode: 0o600 });
    },
    isThere: (): boolean => existsSync(file),
    remove: (): Promise<void> => rm(file, { force: true }),
  };
}

function requireAnswer(tmux: Tmux, { outcome, ...answer }: TmuxAnswer): Omit<TmuxAnswer, 'outcome'> | undefined {
  if (outcome === 'answered') return answer;
  if (outcome !== 'no-answer') return undefined;
  throw new RerailError(
    'session-failed',
    `the tmux server at ${tmux.socket ?? 'the default socket'} does not answer: what was made there cannot be looked for`,
    {
      remedy: `Wake it or end it, then undo again; what a recovery has made has the option ${MADE_SESSION} or ${MADE_PANE}.`,
    },
  );
}

/** A server that is well answers by then. */
const SOON_MS = 500;

/**
 * Removes exactly what a recovery has made: sessions and panes that carry its key. May be repeated. Throws `session-failed`
 * where tmux does not answer, unless nothing was begun.
 */
export async function undoSession(tmux: Tmux, key: string, begun = true): Promise<{ removed: string[] }> {
  const removed: string[] = [];
  // Its time is that of the action, which is too short to wait more than once for a server that is frozen.
  if (!begun && (await tmux.ask(['list-sessions'], SOON_MS)).outcome !== 'answered') return { removed };
  const list = async (command: readonly string[], id: string, option: string) => {
    const answer = requireAnswer(tmux, await tmux.ask([...command, '-F', rowFormat([id, option])]));
    return answer ? readRows(answer.stdout, FIELDS).filter((row) => row.key === key) : [];
  };
  for (const { id } of await list(['list-sessions'], 'session_id', MADE_SESSION)) {
    requireAnswer(tmux, await tmux.ask(['kill-session', '-t', id]));
    removed.push(`session ${id}`);
  }
  for (const { id } of await list(['list-panes', '-a'], 'pane_id', MADE_PANE)) {
    requireAnswer(tmux, await tmux.ask(['kill-pane', '-t', id]));
    removed.push(`pane ${id}`);
  }
  return { removed };
}

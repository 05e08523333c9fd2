import { MADE_PANE, MADE_SESSION } from './build-session.ts';
import { readRows, rowFormat } from './read-rows.ts';
import type { Tmux } from './tmux.ts';

const FIELDS = ['id', 'key'] as const;

/** Removes exactly what a recovery has made: sessions and panes that carry its key. May be repeated. */
export async function undoSession(tmux: Tmux, key: string): Promise<{ removed: string[] }> {
  const removed: string[] = [];
  const list = async (command: readonly string[], id: string, option: string) => {
    const answer = await tmux.ask([...command, '-F', rowFormat([id, option])]);
    return answer.outcome === 'answered' ? readRows(answer.stdout, FIELDS).filter((row) => row.key === key) : [];
  };
  for (const { id } of await list(['list-sessions'], 'session_id', MADE_SESSION)) {
    await tmux.ask(['kill-session', '-t', id]);
    removed.push(`session ${id}`);
  }
  for (const { id } of await list(['list-panes', '-a'], 'pane_id', MADE_PANE)) {
    await tmux.ask(['kill-pane', '-t', id]);
    removed.push(`pane ${id}`);
  }
  return { removed };
}

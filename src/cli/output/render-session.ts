import type { TerminalSession } from '../../domain/session.ts';
import type { Paint } from './output.ts';
import { renderTable } from './table.ts';

export function renderSessions(paint: Paint, sessions: readonly TerminalSession[]): string {
  if (sessions.length === 0) return paint.dim('No tmux server runs there.');
  const rows = sessions.map(({ name, windows, attached, group }) => [
    name,
    String(windows.length),
    String(windows.reduce((sum, { panes }) => sum + panes.length, 0)),
    String(attached),
    group,
  ]);
  return renderTable(paint, ['name', 'windows', 'panes', 'attached', 'group'], rows);
}

export function renderSession(paint: Paint, { windows }: TerminalSession): string {
  const rows = windows.flatMap((window) =>
    window.panes.map(({ id, cwd, argv, runs, dead }) => [
      `${window.index} ${window.name}`,
      id,
      dead ? paint.red('dead') : runs,
      cwd,
      argv.join(' '),
    ]),
  );
  return renderTable(paint, ['window', 'pane', 'state', 'directory', 'command'], rows);
}

import { stringify } from 'yaml';
import type { PaneState, TerminalSession } from '../../domain/session.ts';
import { MASK } from '../../telemetry/redact.ts';
import { quoteWords } from './build-session.ts';

function toPane({ cwd, argv, runs, active }: PaneState): object {
  const command = runs === 'shell' || argv.some((word) => word.includes(MASK)) ? [] : [quoteWords(argv)];
  return { start_directory: cwd, shell_command: command, ...(active ? { focus: true } : {}) };
}

/** The session as tmuxp reads it, which has no place for scrollback. tmuxp runs the commands when it loads the file. */
export const exportTmuxp = ({ name, windows }: TerminalSession): string =>
  stringify({
    session_name: name,
    windows: windows.map((window) => ({
      window_name: window.name,
      window_index: window.index,
      layout: window.layout,
      start_directory: window.panes[0]?.cwd ?? '/',
      ...(window.active ? { focus: true } : {}),
      panes: window.panes.map(toPane),
    })),
  });

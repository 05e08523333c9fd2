import { stringify } from 'yaml';
import type { PaneState, TerminalSession } from '../../domain/session.ts';
import { MASK } from '../../telemetry/redact.ts';
import { quoteWords } from './build-session.ts';
import { literal, word } from './tmux.ts';

/** Nothing to tmux, and keeps tmuxp from seeing a variable or a home directory, for which it has no escape. */
const NOTHING = '#{l:}';

/** What both leave as it is: tmuxp expands it as a shell would, tmux then as a format. */
const plain = (text: string): string => word(literal(text).split('$').join(`$${NOTHING}`).replace(/^~/, `${NOTHING}~`));

/** The quote ends after each dollar and begins anew, which means the same to a shell and is no variable to tmuxp. */
const commandLine = (argv: readonly string[]): string => quoteWords(argv).split('$').join("$''");

function toPane({ cwd, argv, runs, active }: PaneState): object {
  const command = runs === 'shell' || argv.some((part) => part.includes(MASK)) ? [] : [commandLine(argv)];
  return { start_directory: plain(cwd), shell_command: command, ...(active ? { focus: true } : {}) };
}

/** The session as tmuxp reads it, which has no place for scrollback. tmuxp runs the commands when it loads the file. */
export const exportTmuxp = ({ name, windows }: TerminalSession): string =>
  stringify(
    {
      // Compared by tmuxp with the name that it finds afterwards, so nothing in it can be escaped.
      session_name: name,
      windows: windows.map((window) => ({
        window_name: plain(window.name),
        window_index: window.index,
        layout: window.layout,
        start_directory: plain(window.panes[0]?.cwd ?? '/'),
        ...(window.active ? { focus: true } : {}),
        panes: window.panes.map(toPane),
      })),
    },
    // tmuxp reads YAML 1.1, to which `yes`, `12:30` and `=` are no texts.
    { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 },
  );

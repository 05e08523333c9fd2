import path from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import type { PaneState, SessionState, TerminalSession, WindowState } from '../../domain/session.ts';
import { MASK, type Redact } from '../../telemetry/redact.ts';
import { foregroundOf } from './foreground.ts';
import { readRows, rowFormat } from './read-rows.ts';
import { stoppedServer } from './server-process.ts';
import { ANSWER_MS, THEN, unescapeName, type Tmux, type TmuxAnswer } from './tmux.ts';

const PANE_FIELDS = [
  'session_id',
  'session_group',
  'session_attached',
  'window_id',
  'window_index',
  'window_active',
  'window_flags',
  'window_zoomed_flag',
  'window_layout',
  'window_width',
  'window_height',
  'automatic-rename',
  'pane_id',
  'pane_index',
  'pane_active',
  'pane_pid',
  'pane_tty',
  'pane_dead',
  'pane_dead_status',
  'cursor_x',
  'cursor_y',
  'alternate_on',
  'history_size',
  'history_limit',
  'base-index',
  'pane-base-index',
  'default-size',
  'default-shell',
  'pid',
  'start_time',
  'version',
  'pane_current_command',
] as const;
type PaneRow = Record<(typeof PANE_FIELDS)[number], string>;

/** Names, titles and paths may hold anything, so each is the last field of a record of its own. */
const FREE_FIELDS = {
  sessionName: ['list-sessions', 'session_id', 'session_name'],
  windowName: ['list-windows', 'window_id', 'window_name'],
  title: ['list-panes', 'pane_id', 'pane_title'],
  cwd: ['list-panes', 'pane_id', 'pane_current_path'],
  startCommand: ['list-panes', 'pane_id', 'pane_start_command'],
} as const;
type FreeField = keyof typeof FREE_FIELDS;

const BREAK = ['display-message', '-p', '\x1d'] as const;
const FREE = Object.keys(FREE_FIELDS) as FreeField[];

/** Everything in one call, so that all of it is of the same moment. */
function listCommand(): string[] {
  const others = FREE.flatMap((name) => {
    const [command, id, field] = FREE_FIELDS[name];
    const all = command === 'list-sessions' ? [] : ['-a'];
    return [THEN, ...BREAK, THEN, command, ...all, '-F', rowFormat([id, field])];
  });
  return ['list-panes', '-a', '-F', rowFormat(PANE_FIELDS), ...others];
}

const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'fish', 'ksh', 'mksh', 'tcsh', 'csh', 'ash']);

const nameOf = (file: string): string => path.basename(file).replace(/^-/, '');

/** A shell that waits for a person, and not one that runs a script. */
function isPrompt(argv: readonly string[], shell: string): boolean {
  const name = nameOf(argv[0] ?? '');
  const isShell = SHELLS.has(name) || name === nameOf(shell);
  return isShell && argv.slice(1).every((word) => word.startsWith('-') && !/^-[a-z]*c/.test(word));
}

/** A secret may be the word after its option. */
const maskWords = (argv: readonly string[], redact: Redact): string[] =>
  argv.map((word, place) => {
    const masked = redact(word);
    const option = argv[place - 1];
    return masked === word && option !== undefined && redact(`${option} ${word}`).endsWith(MASK) ? MASK : masked;
  });

const isOn = (value: string): boolean => value === '1' || value === 'on';

/** The state without scrollback and transcripts, of the sessions with these names or of all. */
export interface ListedState extends Omit<SessionState, 'missing' | 'transcripts' | 'environment'> {
  server: { pid: number; startTime: string };
}

/** A server that answers does so by then; one that does not may be seen to be stopped. */
const FIRST_ANSWER_MS = 500;

/** A stopped server is told by its process, long before by its silence. */
async function askForAll(tmux: Tmux): Promise<TmuxAnswer & { stopped?: number | undefined }> {
  const soon = await tmux.ask(listCommand(), FIRST_ANSWER_MS);
  if (soon.outcome !== 'no-answer') return soon;
  const stopped = await stoppedServer(tmux);
  return stopped === undefined ? tmux.ask(listCommand(), ANSWER_MS - FIRST_ANSWER_MS) : { ...soon, stopped };
}

const noAnswer = ({ socket }: Tmux, stopped: number | undefined): string => {
  const seen = stopped === undefined ? ' within 2 s' : `: process ${stopped} is stopped (state T)`;
  return `tmux at ${socket ?? 'the default socket'} did not answer${seen}`;
};

/**
 * Lists what a server has. Undefined when there is no server, or none of the sessions. Throws `session-failed` when the
 * server does not answer.
 */
export async function listSessionState(
  tmux: Tmux,
  names: readonly string[] | undefined,
  redact: Redact,
): Promise<ListedState | undefined> {
  const answer = await askForAll(tmux);
  if (answer.outcome === 'no-server') return undefined;
  if (answer.outcome !== 'answered')
    throw new RerailError(
      'session-failed',
      answer.outcome === 'no-answer'
        ? noAnswer(tmux, answer.stopped)
        : `tmux at ${tmux.socket ?? 'the default socket'} refused to list its sessions: ${answer.stderr}`,
      {
        remedy: 'Look at it with `rerail session check`; a frozen server is woken by the recovery of type frozen.',
        details: { outcome: answer.outcome },
      },
    );
  const [first = '', ...others] = answer.stdout.split(/(?:\x1d|\\035)\n/);
  const free = Object.fromEntries(
    FREE.map((name, index) => [
      name,
      new Map(readRows(others[index] ?? '', ['id', 'value']).map(({ id, value }) => [id, value])),
    ]),
  ) as Record<FreeField, Map<string, string>>;
  const isWanted = matcherOf(names);
  const rows = readRows(first, PANE_FIELDS).filter((row) => isWanted(free.sessionName.get(row.session_id) ?? ''));
  const [any] = rows;
  if (!any) return undefined;
  const foreground = await foregroundOf(rows);
  const toPane = (row: PaneRow): PaneState => {
    const { argv = [], isPane = true, cwd = '' } = foreground.get(row.pane_id) ?? {};
    const of = (field: FreeField): string => free[field].get(row.pane_id) ?? '';
    return {
      id: row.pane_id,
      index: Number(row.pane_index),
      active: isOn(row.pane_active),
      pid: Number(row.pane_pid),
      tty: row.pane_tty,
      cwd: of('cwd') || cwd,
      title: redact(of('title')),
      command: row.pane_current_command,
      argv: maskWords(argv, redact),
      runs: argv.length === 0 || isPrompt(argv, any['default-shell']) ? 'shell' : isPane ? 'direct' : 'in-shell',
      startCommand: redact(of('startCommand')),
      dead: isOn(row.pane_dead),
      deadStatus: row.pane_dead_status === '' ? null : Number(row.pane_dead_status),
      cursor: { x: Number(row.cursor_x), y: Number(row.cursor_y) },
      alternateScreen: isOn(row.alternate_on),
      historySize: Number(row.history_size),
      historyLimit: Number(row.history_limit),
      scrollback: null,
    };
  };
  const toWindow = (panes: readonly [PaneRow, ...PaneRow[]]): WindowState => {
    const [row] = panes;
    return {
      id: row.window_id,
      index: Number(row.window_index),
      name: free.windowName.get(row.window_id) ?? '',
      active: isOn(row.window_active),
      layout: row.window_layout,
      flags: row.window_flags,
      zoomed: isOn(row.window_zoomed_flag),
      automaticRename: isOn(row['automatic-rename']),
      width: Number(row.window_width),
      height: Number(row.window_height),
      panes: panes.map(toPane),
    };
  };
  const sessions = groupBy(rows, ({ session_id }) => session_id).map((own): TerminalSession => ({
    id: own[0].session_id,
    name: unescapeName(free.sessionName.get(own[0].session_id) ?? ''),
    group: own[0].session_group,
    attached: Number(own[0].session_attached),
    windows: groupBy(own, ({ window_id, window_index }) => `${window_id} ${window_index}`).map(toWindow),
  }));
  return {
    schemaVersion: 1,
    tool: 'tmux',
    version: any.version,
    socket: tmux.socket ?? null,
    server: { pid: Number(any.pid), startTime: any.start_time },
    options: {
      baseIndex: Number(any['base-index']),
      paneBaseIndex: Number(any['pane-base-index']),
      defaultSize: any['default-size'],
      defaultShell: any['default-shell'],
      historyLimit: Number(any.history_limit),
    },
    sessions,
  };
}

/** A name as it was given, or as tmux keeps it: `.` and `:` become `_` in names of sessions. */
function matcherOf(names: readonly string[] | undefined): (kept: string) => boolean {
  if (names === undefined) return () => true;
  const wanted = new Set(names.map((name) => name.replaceAll(/[.:]/g, '_')));
  return (kept) => wanted.has(unescapeName(kept)) || wanted.has(kept);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [T, ...T[]][] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return [...groups.values()];
}

/** Names of the environment that new panes get; no value leaves the server. */
export async function listEnvironment(tmux: Tmux): Promise<Record<string, string>> {
  const lines = (await tmux.run(['show-environment', '-g'])).split('\n');
  const names = lines.flatMap((line) => /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(line)?.[1] ?? []);
  return Object.fromEntries(names.map((name) => [name, MASK]));
}

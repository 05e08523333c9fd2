import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PaneState, SessionSpec, WindowState } from '../../domain/session.ts';
import { argvOf } from '../../process/proc.ts';
import { MASK } from '../../telemetry/redact.ts';
import { hasLayout } from './compare-layout.ts';
import { readRows, rowFormat } from './read-rows.ts';
import { literal, unescapeName, type Tmux } from './tmux.ts';

/** What a pane that we have made carries, so that the undo finds exactly these. */
export const MADE_PANE = '@rerail-made-pane';
/** The same of a session; another name, since tmux shows the option of the active pane for that of its session. */
export const MADE_SESSION = '@rerail-made-session';

export interface Builder {
  tmux: Tmux;
  spec: Pick<SessionSpec, 'run'>;
  scrollback: Readonly<Record<string, string>>;
  /** Private; scrollback waits in it until its pane has shown it. */
  directory: string;
  shell: string;
  /** Of the recovery that makes it. */
  key: string;
  /** What could not be done as it was, for the report. */
  notes: string[];
}

const MADE = ['pane_id', 'window_id', 'session_id', 'pane_pid'] as const;
type Made = Record<(typeof MADE)[number], string>;

/** `#{...}` of what a command has made. */
export const MADE_FORMAT = rowFormat(MADE);

export function readMade(stdout: string): Made {
  const [row] = readRows(stdout, MADE);
  if (!row) throw new Error('tmux did not say what it has made');
  return row;
}

/** Printed text and colours; whatever else a terminal would act on is taken out. */
const printable = (text: string): string =>
  text.replaceAll(/\x1b(?!\[[0-9;:]*m)/g, '').replaceAll(/[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g, '');

/** Shows a file and becomes another program: both are arguments, so nothing of them is read as a command. */
const SHOW = 'cat -- "$1"; rm -f -- "$1"; shift; exec "$@"';

const fits = (argv: readonly string[], allowed: readonly string[]): boolean => {
  const open = allowed.at(-1) === '*';
  const words = open ? allowed.slice(0, -1) : allowed;
  return (
    (open ? argv.length >= words.length : argv.length === words.length) && words.every((word, i) => word === argv[i])
  );
};

const isAllowed = ({ run }: Pick<SessionSpec, 'run'>, argv: readonly string[]): boolean =>
  run.some((allowed) => fits(argv, allowed));

/** One line for a shell that means exactly these words. */
export const quoteWords = (argv: readonly string[]): string =>
  argv.map((word) => (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');

/** The command that a new pane begins with: it shows what was there, and is then the shell or the allowed command. */
export async function paneCommand(builder: Builder, pane: PaneState): Promise<string[]> {
  const runsItself = pane.runs === 'direct' && isAllowed(builder.spec, pane.argv);
  const program = runsItself ? pane.argv : [builder.shell];
  const text = printable(builder.scrollback[pane.id] ?? '');
  await mkdir(builder.directory, { recursive: true, mode: 0o700 });
  const file = path.join(builder.directory, pane.id.replace('%', 'pane-'));
  // One that a killed attempt has left.
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  if (pane.scrollback?.cut)
    builder.notes.push(`the scrollback of pane ${pane.index} is cut: older lines were not kept`);
  return ['/bin/sh', '-c', SHOW, 'rerail', file, ...program];
}

const READY_MS = 3000;

/** The pane's first program shows the file and becomes the second: only that one reads what is typed. */
async function untilShell(pid: number): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while ((await argvOf(pid))[2] === SHOW && Date.now() < deadline) await sleep(20);
}

/** Types the command that ran; an allowed one is also sent off (requirement 6.1). */
export async function typeCommand(
  builder: Builder,
  pane: PaneState,
  made: Pick<Made, 'pane_id' | 'pane_pid'>,
): Promise<void> {
  const { tmux, spec, notes } = builder;
  await untilShell(Number(made.pane_pid));
  if (pane.runs === 'shell' || pane.dead) return;
  const allowed = isAllowed(spec, pane.argv);
  if (pane.runs === 'direct' && allowed) return;
  const line = quoteWords(pane.argv);
  if (/[\x00-\x1f\x7f]/.test(line) || pane.argv.some((word) => word.includes(MASK))) {
    notes.push(`the command of pane ${pane.index} is not typed: it holds a masked secret or control characters`);
    return;
  }
  await tmux.run(['send-keys', '-t', made.pane_id, '-l', '--', line]);
  if (allowed) await tmux.run(['send-keys', '-t', made.pane_id, 'Enter']);
  else notes.push(`typed in pane ${pane.index}, not run: ${line}`);
}

/** Everything that a pane has once it is there. */
export async function finishPane(builder: Builder, pane: PaneState, made: Made): Promise<void> {
  await builder.tmux.run(['set-option', '-p', '-t', made.pane_id, MADE_PANE, builder.key]);
  if (pane.title !== '') await builder.tmux.ask(['select-pane', '-t', made.pane_id, '-T', literal(pane.title)]);
  await typeCommand(builder, pane, made);
}

const isDirectory = (place: string): Promise<boolean> =>
  stat(place).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** A directory that is gone would make tmux begin in another one without a word. */
export async function startDirectory(builder: Builder, pane: PaneState): Promise<string[]> {
  if (await isDirectory(pane.cwd)) return ['-c', literal(pane.cwd)];
  builder.notes.push(`the directory ${pane.cwd} of pane ${pane.index} is gone: the pane begins in the home directory`);
  return [];
}

/** Adds a pane after another one, or before the first. */
export async function addPane(builder: Builder, pane: PaneState, target: string, before: boolean): Promise<Made> {
  const { tmux } = builder;
  const made = readMade(
    await tmux.run([
      ...['split-window', '-d', ...(before ? ['-b'] : []), '-P', '-F', MADE_FORMAT, '-t', target],
      ...(await startDirectory(builder, pane)),
      ...(await paneCommand(builder, pane)),
    ]),
  );
  return made;
}

const LAYOUT_FIELDS = ['window_id', 'window_width', 'window_height', 'window_layout', 'window_name'] as const;

/** tmux answers as if all were well when a layout does not fit, so it is read back. */
export async function applyLayout({ tmux, notes }: Builder, windowId: string, captured: WindowState): Promise<void> {
  await tmux.ask(['select-layout', '-t', windowId, captured.layout]);
  const [row] = readRows(
    await tmux.run(['list-windows', '-a', '-f', `#{==:#{window_id},${windowId}}`, '-F', rowFormat(LAYOUT_FIELDS)]),
    LAYOUT_FIELDS,
  );
  const present = {
    layout: row?.window_layout ?? '',
    width: Number(row?.window_width),
    height: Number(row?.window_height),
  };
  if (!hasLayout(present, captured)) notes.push(`window ${captured.index} did not take its layout: ${captured.layout}`);
  if (row && row.window_name !== captured.name) {
    // Versions differ in whether they keep control characters of a name as they are or escaped.
    await tmux.ask(['rename-window', '-t', windowId, '--', literal(unescapeName(captured.name))]);
  }
}

/** All that is left once a window has its first pane. */
export async function finishWindow(builder: Builder, captured: WindowState, first: Made): Promise<void> {
  const { tmux } = builder;
  const made = new Map<PaneState, Made>();
  let last = first;
  for (const [place, pane] of captured.panes.entries()) {
    if (place > 0) {
      // Equal parts, so that there is room for the next.
      if (place > 1) await tmux.ask(['select-layout', '-t', first.window_id, 'tiled']);
      last = await addPane(builder, pane, last.pane_id, false);
    }
    made.set(pane, last);
  }
  await applyLayout(builder, first.window_id, captured);
  for (const [pane, own] of made) await finishPane(builder, pane, own);
  const active = [...made].find(([pane]) => pane.active)?.[1];
  if (active) await tmux.run(['select-pane', '-t', active.pane_id]);
  if (captured.zoomed && active) await tmux.run(['resize-pane', '-Z', '-t', active.pane_id]);
  await tmux.run([
    'set-option',
    '-w',
    '-t',
    first.window_id,
    'automatic-rename',
    captured.automaticRename ? 'on' : 'off',
  ]);
}

/** A window with its index, panes and layout. */
export async function addWindow(builder: Builder, sessionId: string, captured: WindowState): Promise<Made> {
  const [pane] = captured.panes;
  if (!pane) throw new Error('a window without panes');
  const made = readMade(
    await builder.tmux.run([
      ...['new-window', '-d', '-P', '-F', MADE_FORMAT, '-t', `${sessionId}:${captured.index}`],
      ...['-n', literal(captured.name), ...(await startDirectory(builder, pane))],
      ...(await paneCommand(builder, pane)),
    ]),
  );
  await finishWindow(builder, captured, made);
  return made;
}

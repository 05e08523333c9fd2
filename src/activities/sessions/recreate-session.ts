import { createHash } from 'node:crypto';
import { RerailError } from '../../domain/errors.ts';
import type { SessionOutcome, SessionSpec, TerminalSession } from '../../domain/session.ts';
import {
  addWindow,
  finishWindow,
  MADE_FORMAT,
  MADE_SESSION,
  paneCommand,
  readMade,
  startDirectory,
  type Builder,
} from './build-session.ts';
import { capturedSession, lookAtSession, type Looked } from './check-session.ts';
import { endSilentServer } from './end-silent-server.ts';
import type { RestorableSession } from './find-baseline.ts';
import { readRows, rowFormat } from './read-rows.ts';
import { literal, THEN, unescapeName, type Tmux } from './tmux.ts';

export interface RestoreOrder {
  /** Of the recovery: what is made carries it, and the undo removes what carries it. */
  key: string;
  /** Private, for scrollback on its way into its pane. */
  directory: string;
  /** Called before the first change. */
  begin?: () => Promise<void>;
}

export interface SessionChange {
  outcome: SessionOutcome;
  /** The name it has now. */
  session: string;
  checkpointId: string;
  changes: string[];
  notes: string[];
  undo: string;
}

const SESSION_FIELDS = ['session_id', 'session_name'] as const;

async function listNames(tmux: Tmux): Promise<{ id: string; name: string }[] | undefined> {
  const answer = await tmux.ask(['list-sessions', '-F', rowFormat(SESSION_FIELDS)]);
  if (answer.outcome !== 'answered') return undefined;
  return readRows(answer.stdout, SESSION_FIELDS).map((row) => ({
    id: row.session_id,
    name: unescapeName(row.session_name),
  }));
}

/** Until it is whole, a session has a name that nobody looks for: a kill in between leaves no half session. */
const temporaryName = (key: string, name: string): string =>
  `rerail-${createHash('sha256').update(`${key}\0${name}`).digest('hex').slice(0, 12)}`;

async function removeLeftover(tmux: Tmux, name: string): Promise<void> {
  const left = (await listNames(tmux))?.find((session) => session.name === name);
  if (left) await tmux.run(['kill-session', '-t', left.id]);
}

async function freeName(tmux: Tmux, wanted: string): Promise<string> {
  const taken = new Set((await listNames(tmux))?.map(({ name }) => name));
  for (let number = 1; ; number += 1) {
    const name = `${wanted}-restored${number === 1 ? '' : `-${number}`}`;
    if (!taken.has(name)) return name;
  }
}

function refuseCollision({ reading }: Looked, spec: SessionSpec): never {
  throw new RerailError(
    'session-exists',
    `Session ${JSON.stringify(spec.name)} is there and is not as captured (${reading.problems.join('; ')}): it is left as it is`,
    {
      remedy:
        'Repair it (`repair-session`, `rerail session restore --repair`), or set session.overwrite to rename or replace.',
      nonRetryable: true,
    },
  );
}

/** The whole session under a temporary name. */
async function build(builder: Builder, captured: TerminalSession, checkpoint: RestorableSession): Promise<string> {
  const { tmux, key, notes } = builder;
  const [window, ...others] = captured.windows;
  const [pane] = window?.panes ?? [];
  if (!window || !pane) throw new Error('a session without windows');
  const name = temporaryName(key, captured.name);
  const { options } = checkpoint.state;
  const fresh = (await tmux.ask(['list-sessions'])).outcome === 'no-server';
  // The first pane takes the server's limit, so a new server is told before there is one.
  const first =
    fresh && options
      ? ['start-server', THEN, 'set-option', '-g', 'history-limit', String(options.historyLimit), THEN]
      : [];
  const made = readMade(
    await tmux.run([
      ...first,
      ...['new-session', '-d', '-P', '-F', MADE_FORMAT, '-s', name, '-n', literal(window.name)],
      ...['-x', String(window.width), '-y', String(window.height)],
      ...(await startDirectory(builder, pane)),
      ...(await paneCommand(builder, pane)),
    ]),
  );
  const id = made.session_id;
  await tmux.run(['set-option', '-t', id, MADE_SESSION, key]);
  await tmux.ask(['move-window', '-s', made.window_id, '-t', `${id}:${window.index}`]);
  await finishWindow(builder, window, made);
  const windows = [made.window_id];
  for (const other of others) windows.push((await addWindow(builder, id, other)).window_id);
  const active = windows[captured.windows.findIndex((other) => other.active)];
  if (active) await tmux.run(['select-window', '-t', active]);
  if (captured.group !== '') notes.push(`it was in the session group ${captured.group}, which is not made again`);
  return id;
}

/**
 * Makes a session again as it was captured (requirement 6.1): windows, panes, layout, directories, titles, scrollback.
 * Processes are not brought back: allowed commands are run, others typed without Enter. May be repeated; a session that is
 * well is left alone. Throws `session-exists` and `session-failed`.
 */
export async function recreateSession(
  tmux: Tmux,
  spec: SessionSpec,
  checkpoint: RestorableSession,
  { key, directory, begin }: RestoreOrder,
): Promise<SessionChange> {
  const captured = capturedSession(checkpoint.state, spec);
  if (!captured) throw new Error(`${checkpoint.checkpointId} holds no session ${spec.name}`);
  const temporary = temporaryName(key, captured.name);
  const looked = await lookAtSession(tmux, spec, checkpoint);
  const { health } = looked.reading;
  const base = { checkpointId: checkpoint.checkpointId, notes: [] as string[] };
  if (health === 'healthy' || health === 'disconnected')
    return {
      ...base,
      outcome: 'nothing to do',
      session: captured.name,
      changes: [],
      undo: 'none: nothing was changed',
    };
  const changes = await endSilentServer(tmux, spec, looked);
  await removeLeftover(tmux, temporary);
  const collides = looked.session !== undefined && health === 'corrupted';
  if (collides && spec.overwrite === 'never') refuseCollision(looked, spec);
  const builder: Builder = {
    tmux,
    spec,
    key,
    directory,
    scrollback: (await checkpoint.dump()).scrollback,
    shell: checkpoint.state.options?.defaultShell ?? '/bin/sh',
    notes: base.notes,
  };
  await begin?.();
  const id = await build(builder, captured, checkpoint);
  const replaces = looked.session !== undefined && (!collides || spec.overwrite === 'replace');
  if (replaces && looked.session) {
    await tmux.run(['kill-session', '-t', looked.session.id]);
    changes.push('the session that was there was removed');
  }
  const name = collides && spec.overwrite === 'rename' ? await freeName(tmux, captured.name) : captured.name;
  await tmux.run(['rename-session', '-t', id, '--', literal(name)]);
  changes.push(`session ${JSON.stringify(name)} was made with ${captured.windows.length} windows`);
  return {
    ...base,
    outcome: 'recreated',
    session: name,
    changes,
    undo: `removes the session that was made${replaces ? '; the one that was there is in the checkpoint made before' : ''}`,
  };
}

import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, RerailError } from '../../domain/errors.ts';
import type { PaneState, SessionAgent, SessionDump, SessionState } from '../../domain/session.ts';
import { createRedactor, type Redact } from '../../telemetry/redact.ts';
import { listEnvironment, listSessionState } from './list-session-state.ts';
import type { Tmux } from './tmux.ts';

/** Kept of one pane; older lines go first. */
const PANE_BYTES = 4 * 1024 * 1024;
const TRANSCRIPT_BYTES = 64 * 1024 * 1024;
/** tmux drops a tenth of the history at a time, so that a full one has between nine tenths and all of its limit. */
const FULL = 0.9;

export interface CaptureOrder {
  /** Default: all sessions of the server. */
  names?: readonly string[] | undefined;
  agent?: SessionAgent | undefined;
  /** What is about to change, whatever is left of it: a session that is not there is noted and no error. */
  backup?: boolean;
}

export interface CapturedSession {
  state: SessionState;
  dump: SessionDump;
}

const notFound = (tmux: Tmux, names: readonly string[] | undefined): RerailError =>
  new RerailError(
    'session-not-found',
    `${names === undefined ? 'No session' : `No session ${names.map((name) => JSON.stringify(name)).join(', ')}`} at ${tmux.socket ?? 'the default socket'} of tmux: nothing was captured`,
    { remedy: 'List what is there with `rerail session list`, and name the socket of its server.', nonRetryable: true },
  );

/** The lines of a pane, oldest first, with colours and nothing else that a terminal would act on. */
async function readScrollback(
  tmux: Tmux,
  pane: PaneState,
  redact: Redact,
): Promise<{ text: string; scrollback: NonNullable<PaneState['scrollback']> }> {
  const capture = (...more: string[]) => tmux.ask(['capture-pane', '-epJ', '-t', pane.id, ...more], 10_000);
  // On the alternate screen is a full-screen program; what a person scrolls back to is the history and the screen beneath.
  const answers = pane.alternateScreen
    ? [...(pane.historySize > 0 ? [await capture('-S', '-', '-E', '-1')] : []), await capture('-a')]
    : [await capture('-S', '-')];
  if (answers.some(({ outcome }) => outcome !== 'answered'))
    throw new RerailError('session-failed', `Pane ${pane.id} went away, or did not answer, while it was captured`, {
      remedy: 'Capture it again.',
    });
  const whole = redact(answers.map(({ stdout }) => stdout).join('')).replace(/(?:\s*\n)+$/, '\n');
  const text =
    Buffer.byteLength(whole) > PANE_BYTES ? whole.slice(whole.indexOf('\n', whole.length - PANE_BYTES / 2) + 1) : whole;
  const cut =
    text !== whole || answers.some(({ truncated }) => truncated) || pane.historySize >= pane.historyLimit * FULL;
  const lines = text === '' ? 0 : text.split('\n').length - 1;
  return { text, scrollback: { lines, bytes: Buffer.byteLength(text), cut: cut && pane.historySize > 0 } };
}

const isInside = (folder: string, file: string): boolean => !path.relative(folder, file).startsWith('..');

async function readTranscripts(agent: SessionAgent | undefined): Promise<SessionDump['transcripts']> {
  const outside = (agent?.transcript ?? []).filter((file) => !isInside(agent?.workspace ?? '/', file));
  const read = await Promise.all(
    outside.map(async (file) => {
      const found = await stat(file).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (found === undefined) return [];
      if (!found.isFile() || found.size > TRANSCRIPT_BYTES)
        throw new RerailError('invalid-input', `The transcript ${file} is no file, or larger than 64 MiB`, {
          remedy: 'Correct session.agent.transcript.',
          nonRetryable: true,
        });
      return [{ path: file, mode: found.mode & 0o7777, base64: (await readFile(file)).toString('base64') }];
    }),
  );
  return read.flat();
}

/**
 * What a server has of these sessions (requirement 6.1). Throws `session-not-found` when there is nothing to capture, and
 * `session-failed` when another server took its place meanwhile: half of one and half of another is no state.
 */
export async function captureSession(tmux: Tmux, order: CaptureOrder): Promise<CapturedSession> {
  const redact = createRedactor();
  const { names, agent, backup = false } = order;
  const transcripts = await readTranscripts(agent);
  const kept = transcripts.map(({ path: file, base64 }) => {
    const bytes = Buffer.from(base64, 'base64');
    return { path: file, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
  });
  const listed = await listSessionState(tmux, names, redact);
  const found = new Set(listed?.sessions.map(({ name }) => name));
  const missing = (names ?? []).filter((name) => !found.has(name.replaceAll(/[.:]/g, '_')));
  if (!listed) {
    if (!backup) throw notFound(tmux, names);
    return { state: absent(tmux, missing, kept), dump: { scrollback: {}, transcripts } };
  }
  if (missing.length > 0 && !backup) throw notFound(tmux, missing);
  const scrollback: Record<string, string> = {};
  for (const pane of listed.sessions.flatMap(({ windows }) => windows.flatMap(({ panes }) => panes))) {
    const seen = await readScrollback(tmux, pane, redact);
    pane.scrollback = seen.scrollback;
    scrollback[pane.id] = seen.text;
  }
  const environment = await listEnvironment(tmux);
  const after = await listSessionState(tmux, names, redact);
  if (after?.server.pid !== listed.server.pid || after.server.startTime !== listed.server.startTime)
    throw new RerailError('session-failed', 'The tmux server went away while it was captured: nothing was written', {
      remedy: 'See that it runs, and capture it again.',
    });
  return {
    state: { ...listed, environment, missing, transcripts: kept },
    dump: { scrollback, transcripts },
  };
}

const absent = (tmux: Tmux, missing: string[], transcripts: SessionState['transcripts']): SessionState => ({
  schemaVersion: 1,
  tool: 'tmux',
  version: '',
  socket: tmux.socket ?? null,
  server: null,
  options: null,
  environment: {},
  sessions: [],
  missing,
  transcripts,
});

/** The dump as the checkpoint takes it: scrollback may hold what was typed, so nobody else reads it. */
export async function writeDump(directory: string, dump: SessionDump): Promise<string> {
  const file = path.join(directory, 'session.json');
  await writeFile(file, JSON.stringify(dump), { mode: 0o600, flag: 'wx' });
  return file;
}

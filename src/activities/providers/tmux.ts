import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { parseInput } from '../../domain/parse-input.ts';
import { SessionDumpSchema, SessionSpecSchema, SessionStateSchema } from '../../domain/session.schema.ts';
import type { SessionAgent, SessionDump, SessionSpec, SessionState } from '../../domain/session.ts';
import { withTemporaryDirectory } from '../../store/temporary-directory.ts';
import { MADE_SESSION } from '../sessions/build-session.ts';
import { captureSession, writeDump } from '../sessions/capture-session.ts';
import { lookAtSession } from '../sessions/check-session.ts';
import { describeDifferences } from '../sessions/compare-session.ts';
import type { RestorableSession } from '../sessions/find-baseline.ts';
import { recreateSession } from '../sessions/recreate-session.ts';
import { repairSession } from '../sessions/repair-session.ts';
import { differingTranscripts, restoreTranscripts } from '../sessions/restore-transcripts.ts';
import { isSessionProvider, sessionOfProvider } from '../sessions/session-names.ts';
import { createTmux, type Tmux } from '../sessions/tmux.ts';
import { providerFailed } from './provider-error.ts';
import type { CapturedState, CheckpointProvider, PlannedChange } from './provider.ts';

export interface TmuxProviderOptions {
  name: string;
  /** The server's socket. Default: that of the worker's user. A restore uses the one that was captured. */
  socket?: string;
  /** Default: all sessions of the server. */
  sessions?: readonly string[];
  /** Whose transcripts go along. */
  agent?: SessionAgent;
}

const specOf = (name: string): SessionSpec => SessionSpecSchema.parse({ name });

/** What is missing in words, of sessions and transcripts. */
async function differencesOf(tmux: Tmux, state: SessionState): Promise<PlannedChange[]> {
  const changes: PlannedChange[] = [];
  for (const { name } of state.sessions) {
    const looked = await lookAtSession(tmux, { name }, { checkpointId: '', state });
    const item = `session ${JSON.stringify(name)}`;
    if (looked.reading.health === 'crashed') changes.push({ item, change: 'create' });
    else
      for (const problem of describeDifferences(looked.differences))
        changes.push({ item, change: `repair: ${problem}` });
  }
  for (const { name } of await madeSessions(tmux, state))
    changes.push({ item: `session ${JSON.stringify(name)}`, change: 'remove' });
  for (const file of await differingTranscripts(state.transcripts))
    changes.push({ item: `transcript ${file}`, change: 'replace' });
  return changes;
}

/** Sessions that a restore has made and that were not there when this was captured. Others are never removed. */
async function madeSessions(tmux: Tmux, { missing }: SessionState): Promise<{ name: string; id: string }[]> {
  const made: { name: string; id: string }[] = [];
  for (const name of missing) {
    const { session } = await lookAtSession(tmux, { name }, undefined);
    if (!session) continue;
    const { stdout } = await tmux.ask(['show-options', '-qv', '-t', session.id, MADE_SESSION]);
    if (stdout.trim() !== '') made.push({ name, id: session.id });
  }
  return made;
}

async function readDump({ file }: CapturedState, name: string): Promise<SessionDump> {
  if (file === undefined)
    throw providerFailed(`the checkpoint has no dump of ${name}`, {
      remedy: 'Use another checkpoint.',
      nonRetryable: true,
    });
  return parseInput(SessionDumpSchema, JSON.parse(await readFile(file, 'utf8')), `The dump of ${name}`);
}

/**
 * Sessions of a tmux server (requirement 6.1). A restore makes sessions that are gone, adds windows and panes that are
 * missing, and leaves alone what lives; it runs no command that was captured: those are typed, without Enter.
 */
export function createTmuxProvider({ name, socket, sessions, agent }: TmuxProviderOptions): CheckpointProvider {
  const stateOf = ({ state }: CapturedState): SessionState =>
    parseInput(SessionStateSchema, state, `The captured state of ${name}`);
  const serverOf = (state: SessionState, signal?: AbortSignal): Tmux =>
    createTmux({ socket: state.socket ?? undefined, signal });
  return {
    name,
    kind: 'session',
    describe: () => `tmux at ${socket ?? 'the default socket'}`,
    async capture({ directory, signal, backup = false }) {
      const { state, dump } = await captureSession(createTmux({ socket, signal }), { names: sessions, agent, backup });
      return { state, file: await writeDump(directory, dump) };
    },
    plan: async (captured) => differencesOf(serverOf(stateOf(captured)), stateOf(captured)),
    async restore({ signal, ...captured }) {
      const state = stateOf(captured);
      const dump = await readDump(captured, name);
      const tmux = serverOf(state, signal);
      await restoreTranscripts(dump.transcripts);
      const key = `restore/${createHash('sha256').update(JSON.stringify(captured.state)).digest('hex').slice(0, 16)}`;
      const restorable: RestorableSession = { checkpointId: name, state, dump: () => Promise.resolve(dump) };
      await withTemporaryDirectory(tmpdir(), 'rerail-session-', async (directory) => {
        for (const session of state.sessions) {
          const spec = specOf(session.name);
          const { reading } = await lookAtSession(tmux, spec, restorable);
          const order = { key, directory };
          if (reading.health === 'crashed') await recreateSession(tmux, spec, restorable, order);
          else await repairSession(tmux, spec, restorable, order);
        }
      });
      for (const { id } of await madeSessions(tmux, state)) await tmux.run(['kill-session', '-t', id]);
    },
    async verify(captured) {
      const changes = await differencesOf(serverOf(stateOf(captured)), stateOf(captured));
      return changes.map(({ item, change }) => `${item}: ${change}`);
    },
  };
}

/** `tmux.<session>` is known without being configured: the session of that name on the default server. */
export const sessionProviderByName = (name: string): CheckpointProvider | undefined =>
  isSessionProvider(name) ? createTmuxProvider({ name, sessions: [sessionOfProvider(name)] }) : undefined;

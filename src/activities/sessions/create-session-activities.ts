import { createHash } from 'node:crypto';
import path from 'node:path';
import type { CheckpointInfo, CheckpointRecord } from '../../domain/checkpoint.ts';
import { RerailError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import type { RestoreOptions } from '../../domain/rollback.ts';
import { SessionSpecSchema } from '../../domain/session.schema.ts';
import type { SessionReading, SessionSpec } from '../../domain/session.ts';
import type { CheckpointStore } from '../../store/checkpoint-store.ts';
import { withTemporaryDirectory } from '../../store/temporary-directory.ts';
import type { CheckpointActivities } from '../checkpoints/create-checkpoint-activities.ts';
import type { CheckpointProvider } from '../providers/provider.ts';
import { createTmuxProvider } from '../providers/tmux.ts';
import { lookAtSession } from './check-session.ts';
import { endSilentServer } from './end-silent-server.ts';
import {
  createFindBaseline,
  readSessionCheckpoint,
  type ListCheckpoints,
  type SessionCheckpoint,
} from './find-baseline.ts';
import { reattachSession, undoReattach } from './reattach-session.ts';
import { recreateSession, type SessionChange } from './recreate-session.ts';
import { repairSession } from './repair-session.ts';
import { restoreTranscripts } from './restore-transcripts.ts';
import { providerOfSession, subjectOfSession } from './session-names.ts';
import { createTmux, type Tmux } from './tmux.ts';
import { createChangeNote, undoSession } from './undo-session.ts';
import { unfreezeSession } from './unfreeze-session.ts';

export interface SessionDependencies {
  openStore: () => Promise<CheckpointStore>;
  dataDir: string;
  /** The checkpoint activities with this provider besides the others. */
  checkpointsWith: (provider: CheckpointProvider) => CheckpointActivities;
  /** Absent: the store alone says what there is, and the care of the store tells the ledger later. */
  ledger?: { list: ListCheckpoints; add: (record: CheckpointRecord) => Promise<void> };
  /** Of the work that is done: `execution` of the whole recovery, `step` of this try; the same again after a crash. */
  keys: () => { execution: string; step: string };
  /** Aborted when the time of the work is up: what has timed out changes nothing more. Default: it has no limit. */
  signal?: () => AbortSignal;
}

export interface SessionInput {
  session: unknown;
  /** Default: the last good one. */
  checkpointId?: string;
}

export interface CaptureSessionInput extends SessionInput {
  id: string;
  name: string;
  type: CheckpointInfo['type'];
}

/** With the moment that the session went back to, where it was changed. */
export type RestoredSession = SessionChange & { checkpointAt: string };

export interface SavedSession {
  saved: boolean;
  checkpointId?: string;
  reason?: string;
}

/** An id that the same step finds again after its worker has died. */
const idOf = (what: string, step: string): string =>
  `cp_${createHash('sha256').update(`${what}\0${step}`).digest('hex').slice(0, 26).toUpperCase()}`;

/** Activities of the host that has the terminal. Every one may be repeated, and killed at any moment. */
export function createSessionActivities(deps: SessionDependencies) {
  const specOf = ({ session }: SessionInput): SessionSpec => parseInput(SessionSpecSchema, session, 'The session');
  /** For what changes something there. */
  const serverOf = (spec: SessionSpec): Tmux => createTmux({ ...spec, signal: deps.signal?.() });
  const folder = path.join(deps.dataDir, 'sessions');
  const findBaseline = createFindBaseline();

  const baselineOf = async (spec: SessionSpec, id?: string): Promise<SessionCheckpoint | undefined> => {
    const store = await deps.openStore();
    return id === undefined ? findBaseline(store, spec, deps.ledger?.list) : readSessionCheckpoint(store, id, spec);
  };
  const requireBaseline = async (spec: SessionSpec, id?: string): Promise<SessionCheckpoint> => {
    const found = await baselineOf(spec, id);
    if (found) return found;
    throw new RerailError(
      'checkpoint-not-found',
      `${id ?? subjectOfSession(spec)} holds no session ${JSON.stringify(spec.name)} to go by`,
      { remedy: 'Capture the session while it is well: `rerail session capture`.', nonRetryable: true },
    );
  };
  const info = (spec: SessionSpec, id: string, more: Pick<CheckpointInfo, 'name' | 'type'>): CheckpointInfo => ({
    id,
    subject: subjectOfSession(spec),
    description: '',
    tags: [],
    success: true,
    ...more,
  });
  const capture = async (spec: SessionSpec, about: CheckpointInfo): Promise<CheckpointRecord> => {
    const { name, socket, agent } = spec;
    const provider = createTmuxProvider({
      name: providerOfSession(name),
      sessions: [name],
      ...(socket === undefined ? {} : { socket }),
      ...(agent ? { agent } : {}),
    });
    const record = await deps.checkpointsWith(provider).captureCheckpoint({
      info: about,
      providers: [provider.name],
      ...(agent ? { root: agent.workspace } : {}),
    });
    await deps.ledger?.add(record);
    return record;
  };
  /** The tree that the agent had, after a backup of what is there; git goes along where it was captured. */
  const restoreWorkspace = async (
    spec: SessionSpec,
    { checkpointId, root, hasGit }: SessionCheckpoint,
  ): Promise<string[]> => {
    if (!spec.agent || root === undefined) return [];
    const backup = info(spec, idOf('workspace', deps.keys().step), {
      name: 'before the agent’s tree is restored',
      type: 'recovery',
    });
    const provider = createTmuxProvider({ name: providerOfSession(spec.name) });
    const checkpoints = deps.checkpointsWith(provider);
    const options: RestoreOptions = {
      createBackup: true,
      dryRun: false,
      force: false,
      scope: { files: true, ...(hasGit ? { git: true as const } : {}) },
    };
    const place = root === spec.agent.workspace ? {} : { root: spec.agent.workspace };
    const result = await checkpoints.restoreCheckpoint({
      checkpointId,
      backup: { id: backup.id, info: backup },
      options,
      ...place,
    });
    if (!result.success) {
      throw new RerailError(
        'restore-failed',
        `The tree of the agent was not restored: ${result.verified.mismatches.join('; ')}`,
        {
          remedy: 'See what keeps the files from being written, and restore again.',
        },
      );
    }
    if (result.backupId === undefined) return [];
    await deps.ledger?.add(await checkpoints.captureCheckpoint({ info: backup, root: result.plan.root }));
    return [`${result.plan.changesTotal} paths of ${result.plan.root} were restored, backup ${result.backupId}`];
  };
  /** Tree and transcript, before the terminal: what runs there then finds both as they were together. */
  const bringAgentBack = async (spec: SessionSpec, tmux: Tmux, checkpoint: SessionCheckpoint): Promise<string[]> => {
    const looked = await lookAtSession(tmux, spec, checkpoint);
    const { reading, session } = looked;
    if (reading.health !== 'crashed' && reading.health !== 'frozen') return [];
    // The agent would write into its tree once more on its way out, or lives on where its server may not be killed.
    const ended = await endSilentServer(tmux, spec, looked);
    if (session) await tmux.run(['kill-session', '-t', session.id]);
    const restored = await restoreWorkspace(spec, checkpoint);
    return [...ended, ...restored, ...(await restoreTranscripts((await checkpoint.dump()).transcripts))];
  };

  /** Of this recovery and this session: one recovery may change several, and each has an undo of its own. */
  const keyOf = ({ socket = '', name }: SessionSpec): string => {
    const session = createHash('sha256').update(`${socket}\0${name}`).digest('hex').slice(0, 12);
    return `${deps.keys().execution}#${session}`;
  };
  const change = (spec: SessionSpec) => {
    const key = keyOf(spec);
    return { key, begin: createChangeNote(folder, key).write };
  };

  const checkSession = async (input: SessionInput): Promise<SessionReading> => {
    const spec = specOf(input);
    return (await lookAtSession(createTmux(spec), spec, await baselineOf(spec, input.checkpointId))).reading;
  };

  return {
    checkSession,
    /** A good checkpoint, asked for by a person or a schedule. */
    captureSession: (input: CaptureSessionInput) => {
      const spec = specOf(input);
      return capture(spec, info(spec, input.id, input));
    },
    /** A recovery checkpoint of what is left. Undo: none is needed, nothing but the store changes. */
    async saveSession(input: SessionInput): Promise<SavedSession> {
      const spec = specOf(input);
      const { reading, session } = await lookAtSession(createTmux(spec), spec, undefined);
      if (!session && (reading.health === 'frozen' || !spec.agent))
        return { saved: false, reason: `there is nothing to save: ${reading.observed}` };
      const id = idOf('save', deps.keys().step);
      await capture(
        spec,
        info(spec, id, { name: `before the recovery of ${spec.name}`.slice(0, 200), type: 'recovery' }),
      );
      return { saved: true, checkpointId: id };
    },
    /** Undo: {@link undoSession}. */
    async recreateSession(input: SessionInput): Promise<RestoredSession> {
      const spec = specOf(input);
      const tmux = serverOf(spec);
      const checkpoint = await requireBaseline(spec, input.checkpointId);
      const changes = spec.agent ? await bringAgentBack(spec, tmux, checkpoint) : [];
      const made = await withTemporaryDirectory(folder, 'scrollback-', (directory) =>
        recreateSession(tmux, spec, checkpoint, { ...change(spec), directory }),
      );
      return { ...made, checkpointAt: checkpoint.createdAt, changes: [...changes, ...made.changes] };
    },
    /** Undo: {@link undoSession}. */
    async repairSession(input: SessionInput): Promise<RestoredSession> {
      const spec = specOf(input);
      const checkpoint = await requireBaseline(spec, input.checkpointId);
      const repaired = await withTemporaryDirectory(folder, 'scrollback-', (directory) =>
        repairSession(serverOf(spec), spec, checkpoint, { ...change(spec), directory }),
      );
      return { ...repaired, checkpointAt: checkpoint.createdAt };
    },
    /** Undo: by hand, as the answer says; what was stopped is not worth stopping again by itself. */
    async unfreezeSession(input: SessionInput) {
      const spec = specOf(input);
      return unfreezeSession(serverOf(spec), spec, undefined);
    },
    /** Undo: {@link undoSession}. */
    async reattachSession(input: SessionInput) {
      const spec = specOf(input);
      return reattachSession(serverOf(spec), spec, { key: keyOf(spec), folder });
    },
    /** Changes nothing. Throws `session-unhealthy` with the reading. */
    async verifySession(input: SessionInput): Promise<SessionReading> {
      const reading = await checkSession(input);
      if (reading.health === 'healthy') return reading;
      throw new RerailError('session-unhealthy', `The session is ${reading.observed}`, {
        remedy: 'Report it as a failure of that type, or look at it with `rerail session check`.',
        details: { ...reading },
      });
    },
    /** Removes what this recovery has made of the session, and nothing else: what it made of another session stays. */
    async undoSession(input: SessionInput): Promise<{ removed: string[] }> {
      const spec = specOf(input);
      const key = keyOf(spec);
      const note = createChangeNote(folder, key);
      const { removed } = await undoSession(serverOf(spec), key, note.isThere());
      await note.remove();
      const ended = await undoReattach(spec, { key, folder });
      return { removed: ended ? [...removed, 'the client process'] : removed };
    },
  };
}

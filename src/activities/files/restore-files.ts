import { randomBytes } from 'node:crypto';
import { access, constants, lstat, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileEntry, GitState, Manifest } from '../../domain/checkpoint.ts';
import { RerailError } from '../../domain/errors.ts';
import type { RestorePlan } from '../../domain/rollback.schema.ts';
import { createFileLocks } from '../../process/file-locks.ts';
import type { CheckpointStore } from '../../store/checkpoint-store.ts';
import { applyGit, gitOrder } from '../git/restore-git.ts';
import { stageGit } from '../git/stage-git.ts';
import { applySteps } from './apply-steps.ts';
import { STAGE_PREFIX } from './exclude-paths.ts';
import { findDrift } from './find-drift.ts';
import type { TreeChange } from './plan-tree.ts';
import { beginJournal, journalPath, readJournal, resumeJournal, setAsideIfDamaged } from './restore-journal.ts';
import type { JournalState, RestoreIntent, RestoreJournal } from './restore-journal.ts';
import { listSteps, staged } from './restore-steps.ts';
import type { RestoreStep } from './restore-steps.ts';
import { stageFiles } from './stage-files.ts';

export interface RestoreContext {
  storePath: string;
  signal?: AbortSignal | undefined;
  progress: (phase: string, details?: object) => void;
  failpoint: (name: string) => void | Promise<void>;
}

export interface FileRestore {
  store: CheckpointStore;
  checkpointId: string;
  backupId: string | null;
  root: string;
  plan: RestorePlan;
  changes: readonly TreeChange[];
  captured: readonly FileEntry[];
  dataLoss: boolean;
  /** The repository's state to be restored with the files, and the contents that it needs, by name. */
  git?: { state: GitState; blobs: NonNullable<Manifest['blobs']> } | undefined;
  /** Go on although the tree changed since the plan was made. */
  force: boolean;
}

/** Makes the changes, wholly or not at all. Returns the paths that were lost against expectation. */
export async function restoreFiles(context: RestoreContext, order: FileRestore): Promise<string[]> {
  const path = journalPath(context.storePath, order.root);
  return exclusively(path, order.root, async () => {
    const earlier = await readJournal(path);
    if (earlier !== undefined && !earlier.ended) throw underWay(order.root);
    const stage = await chooseStage(order.root);
    await requireSpace(stage, order);
    const { checkpointId, backupId, root, plan, dataLoss } = order;
    const git = order.git && gitOrder(checkpointId, order.git);
    const intent: RestoreIntent = { checkpointId, backupId, root, stage, plan, dataLoss, ...(git ? { git } : {}) };
    const journal = await beginJournal(path, intent);
    try {
      let steps: RestoreStep[];
      try {
        steps = await prepare(context, order, journal, stage);
      } catch (error) {
        await rm(stage, { recursive: true, force: true });
        await rm(path, { force: true });
        throw error;
      }
      await context.failpoint('restore.before-commit');
      await journal.append({ type: 'COMMIT' });
      await context.failpoint('restore.after-commit');
      return await complete(context, journal, intent, steps);
    } finally {
      await journal.close();
    }
  });
}

async function prepare(
  context: RestoreContext,
  order: FileRestore,
  journal: RestoreJournal,
  stage: string,
): Promise<RestoreStep[]> {
  const { store, checkpointId, root, changes, captured } = order;
  const items = staged(changes);
  context.progress('stage');
  await stageFiles({
    store,
    checkpointId,
    stage,
    items,
    slots: 2 * changes.length,
    signal: context.signal,
    failpoint: context.failpoint,
    progress: (done) => {
      context.progress('stage', { ...done, total: items.length });
    },
  });
  if (order.git) await stageGit(store, checkpointId, stage, order.git.blobs);
  const drifted = order.force ? [] : findDrift(root, changes);
  if (drifted.length > 0) {
    throw new RerailError(
      'restore-failed',
      `${JSON.stringify(drifted[0])} and ${String(drifted.length - 1)} other paths changed while the restore was prepared`,
      {
        remedy: 'Stop what writes there and restore again, or use --force; nothing was changed.',
        details: { paths: drifted.slice(0, 20) },
      },
    );
  }
  const steps = listSteps(root, changes, captured);
  context.signal?.throwIfAborted();
  await journal.append({ type: 'STEPS', steps });
  return steps;
}

async function complete(
  context: RestoreContext,
  journal: RestoreJournal,
  intent: RestoreIntent,
  steps: readonly RestoreStep[],
): Promise<string[]> {
  const { root, stage } = intent;
  const lost = await applySteps({
    root,
    stage,
    steps,
    failpoint: context.failpoint,
    progress: (done) => {
      context.progress('apply', { ...done, total: steps.length });
    },
  });
  if (intent.git) {
    context.progress('git');
    await context.failpoint('restore.before-git');
    await applyGit(root, stage, intent.git);
  }
  await journal.append({ type: 'DONE', lost });
  await cleanUp(context, journal, stage);
  return lost;
}

async function cleanUp(context: RestoreContext, journal: RestoreJournal, stage: string): Promise<void> {
  await context.failpoint('restore.before-clean');
  await rm(stage, { recursive: true, force: true });
  await context.failpoint('restore.before-end');
  await journal.append({ type: 'END' });
}

/**
 * Brings a restore that was killed to its end: before its commit nothing had happened and what it prepared is removed,
 * after it the rest is done. Answers with the journal of the last restore that reached its commit.
 */
export async function settleRestore(context: RestoreContext, root: string): Promise<JournalState | undefined> {
  const path = journalPath(context.storePath, root);
  const seen = await readJournal(path);
  if (seen === undefined || seen.ended) return seen;
  return exclusively(path, root, async () => {
    const state = await readJournal(path);
    if (state === undefined || state.ended) return state;
    if (!state.committed) {
      await rm(state.intent.stage, { recursive: true, force: true });
      await rm(path, { force: true });
      return undefined;
    }
    const journal = await resumeJournal(path);
    try {
      // Taken twice, the steps would undo what has been changed since.
      if (state.done) await cleanUp(context, journal, state.intent.stage);
      else if ((await complete(context, journal, state.intent, state.steps)).length > 0) state.intent.dataLoss = true;
      return { ...state, ended: true };
    } finally {
      await journal.close();
    }
  });
}

/** For a restore that is forced: it plans anew against the tree as it is, and needs no journal of an earlier one. */
export async function discardDamagedRestore(storePath: string, root: string): Promise<void> {
  const path = journalPath(storePath, root);
  await exclusively(path, root, () => setAsideIfDamaged(path));
}

/** True while a restore of this root is under way or waits for its roll-forward. */
export async function isRestorePending(storePath: string, root: string): Promise<boolean> {
  const state = await readJournal(journalPath(storePath, root));
  return state !== undefined && !state.ended && state.committed;
}

/** One at a time for a root, also within a process: a late attempt and its successor must not meet. */
async function exclusively<T>(path: string, root: string, work: () => Promise<T>): Promise<T> {
  const held = await createFileLocks(`${path}.locks`).whenAlone(work);
  if (held !== undefined) return held.result;
  throw underWay(root);
}

const underWay = (root: string): RerailError =>
  new RerailError('target-locked', `Another restore of ${root} is under way`, {
    remedy: 'Wait for it to end, or end the process that runs it.',
  });

/** Beside the root; inside it where the root is a mount point or its parent cannot be written, since a rename needs one file system. */
async function chooseStage(root: string): Promise<string> {
  const name = `${STAGE_PREFIX}${randomBytes(8).toString('hex')}`;
  const parent = dirname(root);
  const [rootStat, parentStat] = await Promise.all([lstat(root), lstat(parent)]);
  const writable = await access(parent, constants.W_OK).then(
    () => true,
    () => false,
  );
  return join(rootStat.dev === parentStat.dev && writable ? parent : root, name);
}

async function requireSpace(stage: string, { changes, git }: FileRestore): Promise<void> {
  const files = staged(changes).reduce((sum, { want }) => sum + 4096 + (want.type === 'file' ? want.size : 0), 0);
  const needed = Object.values(git?.blobs ?? {}).reduce((sum, { size }) => sum + 2 * size, files);
  const { bavail, bsize } = await statfs(dirname(stage));
  if (needed <= bavail * bsize) return;
  throw new RerailError(
    'disk-full',
    `The restore needs ${String(needed)} bytes beside the tree and ${String(bavail * bsize)} are free`,
    {
      remedy: 'Free space on that disk, then restore again; nothing was changed.',
    },
  );
}

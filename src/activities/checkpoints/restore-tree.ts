import { mkdir } from 'node:fs/promises';
import { RerailError } from '../../domain/errors.ts';
import type { RestoreOptions, RestorePlan } from '../../domain/rollback.schema.ts';
import { describePlan } from '../files/describe-plan.ts';
import { diffText } from '../files/diff-text.ts';
import { findUncovered } from '../files/find-uncovered.ts';
import { planTree } from '../files/plan-tree.ts';
import type { TreePlan } from '../files/plan-tree.ts';
import { discardDamagedRestore, isRestorePending, restoreFiles, settleRestore } from '../files/restore-files.ts';
import type { Scan } from '../files/scan-tree.ts';
import { readGitState } from '../git/read-git-state.ts';
import { requireGitUnmoved } from '../git/require-git-unmoved.ts';
import { planGit, requireRestorableGit } from '../git/restore-git.ts';
import { captureTree } from './capture-checkpoint.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import { about, gitToMatch, invalid, scanRoot, selectFiles } from './prepare-restore.ts';
import type { Prepared, RestoreInput } from './prepare-restore.ts';
import type { ArtifactRestore } from './restore-artifacts.ts';
import type { SystemRestore } from './restore-system.ts';

/** What is restored beside the tree. */
export interface Beside {
  system: SystemRestore | undefined;
  artifacts: ArtifactRestore | undefined;
}

export interface Outcome {
  plan: RestorePlan;
  dataLoss: boolean;
  backupId?: string;
}

const NO_TREE: Scan = { root: '', entries: [], skipped: [], pinned: new Set(), totalBytes: 0 };

/** Makes the tree as captured, or says in a dry run how. */
export async function restoreTree(
  context: CheckpointContext,
  prepared: Prepared,
  { system, artifacts }: Beside,
): Promise<Outcome> {
  const { input, manifest, root } = prepared;
  const { options } = input;
  const backup = options.createBackup ? input.backup : null;
  if (options.createBackup && backup === null && !options.dryRun) {
    throw invalid('A backup is asked for and no id is given for it', 'Name the backup, or turn createBackup off.');
  }
  if (options.dryRun && (await isRestorePending(context.storePath, root))) {
    throw new RerailError(
      'target-locked',
      `An interrupted restore of ${root} waits to be finished: its plan would be of a half-restored tree`,
      {
        remedy: 'Repeat that restore, or capture a checkpoint there, which finishes it.',
      },
    );
  }
  if (options.force && !options.dryRun) await discardDamagedRestore(context.storePath, root);
  const finished = options.dryRun ? undefined : await settleRestore(context, root);
  const present = await readGitState(root, context.signal);
  const git = prepared.restoresGit ? prepared.git : null;
  if (git !== null) await requireRestorableGit(root, git, options.force);
  if (!options.force) requireGitUnmoved(root, git === null ? gitToMatch(prepared) : null, present);
  if (!prepared.exists && !options.dryRun) await mkdir(root);
  const scan = prepared.exists || !options.dryRun ? await scanRoot(context, prepared, 'plan') : NO_TREE;
  const selection = selectFiles(prepared, scan);
  const tree = planTree(selection.wanted, selection.unknown, selection.scan);
  const moves = git === null ? undefined : planGit(git, present);
  const plan = describePlan(tree, about(prepared), { git: moves, artifacts: artifacts?.changes });
  if (options.dryRun)
    return { plan: options.diff ? await withDiffs(context, prepared, tree, plan) : plan, dataLoss: false };

  // Nothing is left to do and the journal says that this very order did it: a repeated attempt reports what was done.
  const intent = finished?.intent;
  const done = tree.changes.length === 0 && moves === undefined;
  if (
    intent !== undefined &&
    done &&
    system === undefined &&
    intent.checkpointId === input.checkpointId &&
    intent.backupId === (backup?.id ?? null)
  ) {
    await artifacts?.apply();
    return { plan: intent.plan, dataLoss: intent.dataLoss, ...(backup === null ? {} : { backupId: backup.id }) };
  }
  requirePlan(options, plan);
  await context.failpoint('restore.planned');
  await artifacts?.keepPresent();
  const dataLoss = await keepPresent(context, prepared, {
    scan,
    tree,
    backup,
    providers: system?.names ?? [],
    artifacts: artifacts !== undefined,
  });
  await context.failpoint('restore.backed-up');
  // Each provider's restore is whole or not at all; a failure here leaves the files as they are.
  if (system !== undefined) {
    context.progress('system', { item: system.names.join(', ') });
    await system.apply();
  }
  await context.failpoint('restore.system');
  const outcome: Outcome = { plan, dataLoss, ...(backup === null ? {} : { backupId: backup.id }) };
  if (done) {
    await artifacts?.apply();
    return outcome;
  }
  const lost = await restoreFiles(context, {
    store: context.store,
    checkpointId: input.checkpointId,
    backupId: backup?.id ?? null,
    root,
    plan,
    changes: tree.changes,
    captured: [...selection.wanted, ...selection.above],
    dataLoss,
    ...(git === null ? {} : { git: { state: git, blobs: manifest.blobs ?? {} } }),
    force: options.force,
  });
  await artifacts?.apply();
  return { ...outcome, dataLoss: dataLoss || lost.length > 0 };
}

/** What a person wants to see before they agree: the lines that would change, in files of text. */
async function withDiffs(
  { store }: CheckpointContext,
  { input, root }: Prepared,
  tree: TreePlan,
  plan: RestorePlan,
): Promise<RestorePlan> {
  const diffs = await diffText({ store, checkpointId: input.checkpointId, root, changes: tree.changes });
  return {
    ...plan,
    changes: plan.changes.map((change) => {
      const diff = diffs.get(change.path);
      return diff === undefined ? change : { ...change, diff };
    }),
  };
}

interface Present {
  scan: Scan;
  tree: TreePlan;
  backup: RestoreInput['backup'];
  /** Whose state is about to change as well. */
  providers: readonly string[];
  artifacts: boolean;
}

/** Captures what is about to change. True when something of it is in no backup, which only `force` or no backup allow. */
async function keepPresent(
  context: CheckpointContext,
  { input, manifest, root }: Prepared,
  { scan, tree, backup, providers, artifacts }: Present,
): Promise<boolean> {
  if (backup === null) return findUncovered(tree.changes, []).length > 0;
  context.progress('backup');
  if (!(await context.store.has(backup.id))) {
    await captureTree(
      context,
      {
        info: backup.info,
        parentId: input.checkpointId,
        exclude: manifest.scope?.exclude ?? [],
        includeGit: true,
        providers,
        artifacts,
        scanned: scan.entries,
      },
      root,
    );
  }
  const kept = await context.store.manifest(backup.id);
  const uncovered = findUncovered(tree.changes, kept.scope?.root === root ? (kept.files ?? []) : []);
  if (uncovered.length > 0 && !input.options.force) {
    throw new RerailError(
      'restore-failed',
      `${JSON.stringify(uncovered[0])} would be lost: the backup ${backup.id} does not have it as it is now (${String(uncovered.length)} such paths)`,
      {
        remedy: 'Stop what writes there and start a new restore, or use --force; nothing was changed.',
        details: { paths: uncovered.slice(0, 20) },
      },
    );
  }
  return uncovered.length > 0;
}

export function requirePlan({ planHash }: RestoreOptions, plan: RestorePlan): void {
  if (planHash === undefined || planHash === plan.hash) return;
  throw new RerailError(
    'plan-hash-mismatch',
    `The restore of ${plan.root} would no longer do what was planned: its plan is ${plan.hash.slice(0, 12)}…, agreed was ${planHash.slice(0, 12)}…`,
    {
      remedy: 'Look at the new plan (--dry-run) and agree to that one.',
      details: { planned: planHash, actual: plan.hash },
      nonRetryable: true,
    },
  );
}

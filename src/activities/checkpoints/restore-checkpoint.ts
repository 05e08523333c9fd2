import type { CheckpointInfo, CheckpointPart, FileEntry, GitState, Manifest } from '../../domain/checkpoint.ts';
import { CheckpointIdSchema, CheckpointInfoSchema } from '../../domain/checkpoint.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { RestoreOptionsSchema, RestoreResultSchema } from '../../domain/rollback.schema.ts';
import type { RestoreOptions, RestorePlan, RestoreResult } from '../../domain/rollback.schema.ts';
import { checkEntries } from '../files/check-entries.ts';
import { checkRoot } from '../files/check-root.ts';
import { compareTree } from '../files/compare-tree.ts';
import { describePlan, withinBytes } from '../files/describe-plan.ts';
import { findUncovered } from '../files/find-uncovered.ts';
import { planTree } from '../files/plan-tree.ts';
import type { TreePlan } from '../files/plan-tree.ts';
import { isRestorePending, restoreFiles, settleRestore } from '../files/restore-files.ts';
import { scanTree } from '../files/scan-tree.ts';
import type { Scan } from '../files/scan-tree.ts';
import { readGitState } from '../git/read-git-state.ts';
import { requireGitUnmoved } from '../git/require-git-unmoved.ts';
import { captureTree } from './capture-checkpoint.ts';
import { parseInput } from './checkpoint-context.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import { partsOf, readGitPart, readState } from './checkpoint-record.ts';

export interface RestoreInput {
  checkpointId: string;
  /** Default: where it was captured. */
  root?: string;
  /** Where the present state is kept before it changes. An id that exists already means a repeated attempt. */
  backup: { id: string; info: CheckpointInfo } | null;
  options: RestoreOptions;
}

interface Prepared {
  input: RestoreInput;
  manifest: Manifest;
  checksum: string;
  parts: CheckpointPart[];
  root: string;
  /** Undefined when no files are to be restored. */
  files: FileEntry[] | undefined;
  git: GitState | null;
}

interface Outcome {
  plan: RestorePlan;
  dataLoss: boolean;
  backupId?: string;
}

const NOTHING: TreePlan = { changes: [], unchanged: 0 };
const LISTED_BYTES = 300_000;
const MISMATCHES = 200;

export async function restoreCheckpoint(context: CheckpointContext, raw: RestoreInput): Promise<RestoreResult> {
  const startedAt = performance.now();
  const input = parseRestoreInput(raw);
  const prepared = await prepare(context, input);
  const { manifest, parts, files } = prepared;
  const state = await readState(context.store, manifest, parts);
  const outcome =
    files === undefined
      ? { plan: describePlan(NOTHING, about(prepared)), dataLoss: false }
      : await restoreTree(context, prepared, files);
  const dryRun = input.options.dryRun;
  const verified = dryRun || files === undefined ? { files: 0, mismatches: [] } : await verify(context, prepared, files);
  const items = [
    ...Object.keys(state).map((part) => ({ type: part, id: part, change: 'returned' })),
    ...outcome.plan.changes.map(({ type, path, change }) => ({ type, id: path, change })),
  ];
  return RestoreResultSchema.parse({
    success: verified.mismatches.length === 0,
    checkpointId: input.checkpointId,
    ...(outcome.backupId === undefined ? {} : { backupId: outcome.backupId }),
    manifestSha256: prepared.checksum,
    plan: outcome.plan,
    items: dryRun ? [] : withinBytes(items, LISTED_BYTES),
    errors: verified.mismatches.map((mismatch) => ({ item: 'verification', error: mismatch, recoverable: true })),
    state,
    verified,
    dataLoss: outcome.dataLoss,
    durationMs: Math.round(performance.now() - startedAt),
    timestamp: context.now(),
  } satisfies RestoreResult);
}

function parseRestoreInput(raw: RestoreInput): RestoreInput {
  const checkpointId = parseInput(CheckpointIdSchema, raw.checkpointId, 'The checkpoint id');
  const options = parseInput(RestoreOptionsSchema, raw.options, 'The options of the restore');
  if (raw.backup === null) return { ...raw, checkpointId, options };
  const info = parseInput(CheckpointInfoSchema, { ...raw.backup.info, id: raw.backup.id }, 'The description of the backup');
  return { ...raw, checkpointId, options, backup: { id: info.id, info } };
}

async function prepare(context: CheckpointContext, input: RestoreInput): Promise<Prepared> {
  const manifest = await context.store.manifest(input.checkpointId);
  const { checksum } = await context.store.receipt(input.checkpointId);
  const available = partsOf(manifest);
  const parts = input.options.parts ?? available;
  const absent = parts.filter((part) => !available.includes(part));
  if (absent.length > 0) throw invalid(`Checkpoint ${input.checkpointId} has no ${absent.join(', ')}`, `Choose among its parts: ${available.join(', ')}.`);
  const files = parts.includes('files') ? manifest.files : undefined;
  const git = await readGitPart(context.store, manifest);
  const named = input.root ?? manifest.scope?.root;
  if (files === undefined || named === undefined) return { input, manifest, checksum, parts, root: named ?? '', files: undefined, git };
  checkEntries(files, manifest.scope?.exclude ?? []);
  return { input, manifest, checksum, parts, root: await checkRoot(named, context), files, git };
}

async function restoreTree(context: CheckpointContext, prepared: Prepared, files: FileEntry[]): Promise<Outcome> {
  const { input, manifest, root } = prepared;
  const { options } = input;
  const backup = options.createBackup ? input.backup : null;
  if (options.createBackup && backup === null && !options.dryRun) {
    throw invalid('A backup is asked for and no id is given for it', 'Name the backup, or turn createBackup off.');
  }
  if (options.dryRun && (await isRestorePending(context.storePath, root))) {
    throw new RerailError('target-locked', `An interrupted restore of ${root} waits to be finished: its plan would be of a half-restored tree`, {
      remedy: 'Repeat that restore, or capture a checkpoint there, which finishes it.',
    });
  }
  const finished = options.dryRun ? undefined : await settleRestore(context, root);
  if (!options.force) requireGitUnmoved(root, gitToMatch(prepared), await readGitState(root, context.signal));
  const scan = await scanRoot(context, prepared, 'plan');
  const tree = planTree(files, manifest.skipped, scan);
  const plan = describePlan(tree, about(prepared));
  if (options.dryRun) return { plan, dataLoss: false };

  // Nothing is left to do and the journal says that this very order did it: a repeated attempt reports what was done.
  const intent = finished?.intent;
  if (intent !== undefined && tree.changes.length === 0 && intent.checkpointId === input.checkpointId && intent.backupId === (backup?.id ?? null)) {
    return { plan: intent.plan, dataLoss: intent.dataLoss, ...(backup === null ? {} : { backupId: backup.id }) };
  }
  requirePlan(options, plan);
  await context.failpoint('restore.planned');
  const dataLoss = await keepPresent(context, prepared, scan, tree, backup);
  await context.failpoint('restore.backed-up');
  const outcome: Outcome = { plan, dataLoss, ...(backup === null ? {} : { backupId: backup.id }) };
  if (tree.changes.length === 0) return outcome;
  const lost = await restoreFiles(context, {
    store: context.store,
    checkpointId: input.checkpointId,
    backupId: backup?.id ?? null,
    root,
    plan,
    changes: tree.changes,
    captured: files,
    dataLoss,
    force: options.force,
  });
  return { ...outcome, dataLoss: dataLoss || lost.length > 0 };
}

/** Captures what is about to change. True when something of it is in no backup, which only `force` or no backup allow. */
async function keepPresent(
  context: CheckpointContext,
  { input, manifest, root }: Prepared,
  scan: Scan,
  tree: TreePlan,
  backup: RestoreInput['backup'],
): Promise<boolean> {
  if (backup === null) return findUncovered(tree.changes, []).length > 0;
  context.progress('backup');
  if (!(await context.store.has(backup.id))) {
    await captureTree(context, { info: backup.info, exclude: manifest.scope?.exclude ?? [], includeGit: true, scanned: scan.entries }, root);
  }
  const kept = await context.store.manifest(backup.id);
  const uncovered = findUncovered(tree.changes, kept.scope?.root === root ? (kept.files ?? []) : []);
  if (uncovered.length > 0 && !input.options.force) {
    throw new RerailError('restore-failed', `${JSON.stringify(uncovered[0])} would be lost: the backup ${backup.id} does not have it as it is now (${String(uncovered.length)} such paths)`, {
      remedy: 'Stop what writes there and start a new restore, or use --force; nothing was changed.',
      details: { paths: uncovered.slice(0, 20) },
    });
  }
  return uncovered.length > 0;
}

async function verify(context: CheckpointContext, prepared: Prepared, files: FileEntry[]): Promise<RestoreResult['verified']> {
  const scan = await scanRoot(context, prepared, 'verify');
  const mismatches = compareTree(files, prepared.manifest.skipped, scan);
  const git = await readGitState(prepared.root, context.signal);
  // Forced over another commit, the restore leaves git where it is: then there is nothing to compare with.
  const captured = prepared.input.options.force ? null : gitToMatch(prepared);
  if (captured !== null && git?.head !== captured.head) {
    mismatches.unshift(`git head is ${git?.head ?? 'absent'}, captured ${captured.head ?? 'absent'}`);
  }
  return { files: files.length, ...(git === null ? {} : { gitHead: git.head }), mismatches: mismatches.slice(0, MISMATCHES) };
}

/** Files that are restored to another place than theirs meet no repository they belong to. */
function gitToMatch({ git, manifest, root }: Prepared): GitState | null {
  return manifest.scope?.root === root ? git : null;
}

/** Every byte is read: neither a plan nor a verification trusts a time stamp. */
function scanRoot(context: CheckpointContext, { manifest, root }: Prepared, phase: string): Promise<Scan> {
  return scanTree(root, {
    exclude: manifest.scope?.exclude ?? [],
    signal: context.signal,
    progress: (done) => {
      context.progress(phase, done);
    },
    ...(context.limits === undefined ? {} : { limits: context.limits }),
  });
}

function requirePlan({ planHash }: RestoreOptions, plan: RestorePlan): void {
  if (planHash === undefined || planHash === plan.hash) return;
  throw new RerailError('plan-hash-mismatch', `The restore of ${plan.root} would no longer do what was planned: its plan is ${plan.hash.slice(0, 12)}…, agreed was ${planHash.slice(0, 12)}…`, {
    remedy: 'Look at the new plan (--dry-run) and agree to that one.',
    details: { planned: planHash, actual: plan.hash },
    nonRetryable: true,
  });
}

const about = ({ input, checksum, root, parts }: Prepared) => ({ checkpointId: input.checkpointId, checksum, root, parts });

const invalid = (message: string, remedy: string): RerailError => new RerailError('invalid-input', message, { remedy, nonRetryable: true });

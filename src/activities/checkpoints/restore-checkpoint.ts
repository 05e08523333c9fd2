import type { FileEntry } from '../../domain/checkpoint.ts';
import { RestoreResultSchema } from '../../domain/rollback.schema.ts';
import type { RestoreResult } from '../../domain/rollback.schema.ts';
import { compareTree } from '../files/compare-tree.ts';
import { describePlan, withinBytes } from '../files/describe-plan.ts';
import { readGitState } from '../git/read-git-state.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import { readState } from './checkpoint-record.ts';
import { about, gitToMatch, parseRestoreInput, prepareRestore, scanRoot } from './prepare-restore.ts';
import type { Prepared, RestoreInput } from './prepare-restore.ts';
import { restoreTree } from './restore-tree.ts';

const LISTED_BYTES = 300_000;
const MISMATCHES = 200;

export async function restoreCheckpoint(context: CheckpointContext, raw: RestoreInput): Promise<RestoreResult> {
  const startedAt = performance.now();
  const input = parseRestoreInput(raw);
  const prepared = await prepareRestore(context, input);
  const { manifest, parts, files } = prepared;
  const state = await readState(context.store, manifest, parts);
  const outcome =
    files === undefined
      ? { plan: describePlan({ changes: [], unchanged: 0 }, about(prepared)), dataLoss: false }
      : await restoreTree(context, prepared, files);
  const dryRun = input.options.dryRun;
  const verified =
    dryRun || files === undefined ? { files: 0, mismatches: [] } : await verify(context, prepared, files);
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

async function verify(
  context: CheckpointContext,
  prepared: Prepared,
  files: FileEntry[],
): Promise<RestoreResult['verified']> {
  const scan = await scanRoot(context, prepared, 'verify');
  const mismatches = compareTree(files, prepared.manifest.skipped, scan);
  const git = await readGitState(prepared.root, context.signal);
  // Forced over another commit, the restore leaves git where it is: then there is nothing to compare with.
  const captured = prepared.input.options.force ? null : gitToMatch(prepared);
  if (captured !== null && git?.head !== captured.head) {
    mismatches.unshift(`git head is ${git?.head ?? 'absent'}, captured ${captured.head ?? 'absent'}`);
  }
  return {
    files: files.length,
    ...(git === null ? {} : { gitHead: git.head }),
    mismatches: mismatches.slice(0, MISMATCHES),
  };
}

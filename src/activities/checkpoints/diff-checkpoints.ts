import type { CheckpointPart, FileEntry, Manifest } from '../../domain/checkpoint.ts';
import type { PathChange } from '../../domain/rollback.ts';
import { entryKey } from '../files/entry-path.ts';
import { withinBytes } from '../files/describe-plan.ts';
import { planTree } from '../files/plan-tree.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import { fetchIfAbsent } from './keep-replica.ts';

const LISTED_BYTES = 400_000;

export interface CheckpointDiff {
  from: string;
  to: string;
  /** What one would have to do to get from the first to the second. */
  changes: PathChange[];
  changesTotal: number;
  unchanged: number;
  /** State parts that differ. */
  parts: { part: string; change: 'added' | 'removed' | 'changed' }[];
}

/** Compares two checkpoints by what was captured; neither the work tree nor content is read. */
export async function diffCheckpoints(
  context: CheckpointContext,
  { from, to }: { from: string; to: string },
): Promise<CheckpointDiff> {
  await fetchIfAbsent(context, from);
  await fetchIfAbsent(context, to);
  const [before, after] = await Promise.all([context.store.manifest(from), context.store.manifest(to)]);
  const entries = before.files ?? [];
  const scan = { root: '', entries, skipped: [], pinned: new Set<string>(), totalBytes: 0 };
  const { changes, unchanged } = planTree(sameIdentity(after.files ?? [], entries), [], scan);
  const listed = changes.map(({ change, want, present }) => ({
    path: (want ?? present)?.path ?? '',
    change,
    type: (want ?? present)?.type ?? 'file',
    size: want?.type === 'file' && change !== 'metadata' ? want.size : 0,
  }));
  return {
    from,
    to,
    changes: withinBytes(listed, LISTED_BYTES),
    changesTotal: listed.length,
    unchanged,
    parts: diffParts(before, after),
  };
}

/** Names of hard link groups mean something within one checkpoint only. */
function sameIdentity(wanted: readonly FileEntry[], present: readonly FileEntry[]): FileEntry[] {
  const groups = new Map(present.map((entry) => [entryKey(entry), entry]));
  return wanted.map((entry) => {
    const other = groups.get(entryKey(entry));
    if (entry.type !== 'file' || other?.type !== 'file' || entry.hardlinkGroup === undefined) return entry;
    return other.hardlinkGroup === undefined ? entry : { ...entry, hardlinkGroup: other.hardlinkGroup };
  });
}

function diffParts(before: Manifest, after: Manifest): CheckpointDiff['parts'] {
  const names = [...new Set([...Object.keys(before.parts), ...Object.keys(after.parts)])].sort() as CheckpointPart[];
  return names.flatMap((part) => {
    const [then, now] = [before.parts[part]?.sha256, after.parts[part]?.sha256];
    if (then === now) return [];
    return [{ part, change: then === undefined ? 'added' : now === undefined ? 'removed' : 'changed' }] as const;
  });
}

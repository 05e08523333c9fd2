import type { FileEntry } from '../../domain/checkpoint.ts';
import { entryKey, sameTarget } from './entry-path.ts';
import type { TreeChange } from './plan-tree.ts';

/** Paths whose present content goes and is not among the kept entries. Directories hold nothing by themselves. */
export function findUncovered(changes: readonly TreeChange[], kept: readonly FileEntry[]): string[] {
  const keptByKey = new Map(kept.map((entry) => [entryKey(entry), entry]));
  return changes.flatMap(({ change, present }) => {
    const stays = present === undefined || present.type === 'dir' || change === 'metadata';
    return stays || isCovered(present, keptByKey.get(entryKey(present))) ? [] : [present.path];
  });
}

function isCovered(present: FileEntry, kept: FileEntry | undefined): boolean {
  if (kept?.type !== present.type || kept.mode !== present.mode) return false;
  if (present.type === 'file') return kept.type === 'file' && kept.sha256 === present.sha256;
  return present.type === 'symlink' && kept.type === 'symlink' && sameTarget(kept, present);
}

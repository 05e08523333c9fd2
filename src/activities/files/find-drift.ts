import { createLstatBelow } from './lstat-below.ts';
import type { TreeChange } from './plan-tree.ts';

/** Paths that are no longer as the plan found them; looked at last before the commit. */
export function findDrift(root: string, changes: readonly TreeChange[]): string[] {
  const drifted: string[] = [];
  const lstatBelow = createLstatBelow(root);
  for (const { want, present } of changes) {
    const entry = want ?? present;
    if (entry === undefined) continue;
    const stat = lstatBelow(entry);
    if (stat === undefined && present === undefined) continue;
    const same =
      stat !== undefined &&
      present !== undefined &&
      (present.type === 'dir' ? stat.isDirectory() : present.type === 'file' ? stat.isFile() : stat.isSymbolicLink()) &&
      Number(stat.mode & 0o7777n) === present.mode &&
      (present.type === 'dir' || String(stat.mtimeNs) === present.mtimeNs) &&
      (present.type !== 'file' || (stat.size === BigInt(present.size) && String(stat.ino) === present.stat.ino));
    if (!same) drifted.push(entry.path);
  }
  return drifted;
}

import type { FileEntry } from '../../domain/checkpoint.ts';
import { entryKey, sameTarget } from './entry-path.ts';
import { ownersMatter, planTree } from './plan-tree.ts';
import type { Scan } from './scan-tree.ts';

/** What of the tree on disk is not as captured, one line each. */
export function compareTree(
  wanted: readonly FileEntry[],
  notCaptured: readonly { path: string }[],
  scan: Scan,
): string[] {
  const skipped = new Map(scan.skipped.map(({ path, reason }) => [path, reason]));
  return planTree(wanted, notCaptured, { ...scan, skipped: [] }).changes.map(({ change, want, present }) => {
    const path = JSON.stringify((want ?? present)?.path);
    if (change === 'delete' || want === undefined) return `${path} is there and was not captured`;
    if (present === undefined) return `${path} is ${skipped.get(entryKey(want)) ?? 'missing'}`;
    return `${path}: ${difference(want, present)}`;
  });
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

function difference(want: FileEntry, now: FileEntry): string {
  if (want.type !== now.type) return `a ${now.type}, captured as a ${want.type}`;
  if (want.type === 'file' && now.type === 'file') {
    if (want.sha256 !== now.sha256) return `SHA-256 ${now.sha256.slice(0, 12)}…, captured ${want.sha256.slice(0, 12)}…`;
    if (want.hardlinkGroup !== now.hardlinkGroup) return 'its hard links differ';
  }
  if (want.type === 'symlink' && now.type === 'symlink' && !sameTarget(want, now))
    return `leads to ${JSON.stringify(now.target)}, captured ${JSON.stringify(want.target)}`;
  if (want.mode !== now.mode) return `mode ${octal(now.mode)}, captured ${octal(want.mode)}`;
  if (want.mtimeNs !== now.mtimeNs) return `modified at ${now.mtimeNs} ns, captured ${want.mtimeNs} ns`;
  if (ownersMatter())
    return `owner ${String(now.uid)}:${String(now.gid)}, captured ${String(want.uid)}:${String(want.gid)}`;
  return 'differs';
}

import type { FileEntry } from '../../domain/checkpoint.ts';
import type { PathChange } from '../../domain/rollback.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { entryKey, parentKeys, sameTarget } from './entry-path.ts';
import type { Scan } from './scan-tree.ts';

export interface TreeChange {
  change: PathChange['change'];
  /** As captured; absent for a delete. */
  want?: FileEntry;
  /** As it is now; absent for a create. */
  present?: FileEntry;
}

export interface TreePlan {
  changes: TreeChange[];
  unchanged: number;
}

/** Only root may give files away; others restore all but the owner. */
export const ownersMatter = (): boolean => process.geteuid?.() === 0;

export function sameAttributes(a: FileEntry, b: FileEntry): boolean {
  return a.mode === b.mode && a.mtimeNs === b.mtimeNs && (!ownersMatter() || (a.uid === b.uid && a.gid === b.gid));
}

export function sameContent(a: FileEntry, b: FileEntry): boolean {
  if (a.type === 'file')
    return b.type === 'file' && a.sha256 === b.sha256 && a.size === b.size && a.hardlinkGroup === b.hardlinkGroup;
  if (a.type === 'symlink') return b.type === 'symlink' && sameTarget(a, b);
  return b.type === 'dir';
}

/** What there is to do to make the present tree the captured one. */
export function planTree(wanted: readonly FileEntry[], notCaptured: readonly { path: string }[], scan: Scan): TreePlan {
  const present = new Map(scan.entries.map((entry) => [entryKey(entry), entry]));
  const wantedKeys = new Set(wanted.map(entryKey));
  const regrouped = regroupedLinks(wanted, present);
  const changes: TreeChange[] = [];
  let unchanged = 0;

  for (const want of wanted) {
    const now = present.get(entryKey(want));
    if (now === undefined) changes.push({ change: 'create', want });
    else if (!sameContent(want, now) || (want.type === 'file' && regrouped.has(want.hardlinkGroup ?? ''))) {
      changes.push({ change: 'replace', want, present: now });
    } else if (!sameAttributes(want, now)) changes.push({ change: 'metadata', want, present: now });
    else unchanged += 1;
  }

  const kept = keptKeys(notCaptured, scan);
  for (const entry of scan.entries) {
    const key = entryKey(entry);
    if (wantedKeys.has(key)) continue;
    if (kept(entry)) unchanged += 1;
    else changes.push({ change: 'delete', present: entry });
  }
  refuseObstacles(changes, wantedKeys, scan);
  return { changes, unchanged };
}

/** Names that share an inode are made anew together: a fresh name cannot join an old inode without trusting it. */
function regroupedLinks(wanted: readonly FileEntry[], present: ReadonlyMap<string, FileEntry>): Set<string> {
  const groups = new Set<string>();
  for (const want of wanted) {
    if (want.type !== 'file' || want.hardlinkGroup === undefined) continue;
    const now = present.get(entryKey(want));
    if (now === undefined || !sameContent(want, now)) groups.add(want.hardlinkGroup);
  }
  return groups;
}

/** What the capture could not take is unknown, not unwanted; and a directory that holds something untouchable stays. */
function keptKeys(notCaptured: readonly { path: string }[], scan: Scan): (entry: FileEntry) => boolean {
  const unknown = new Set(notCaptured.map(({ path }) => path));
  const isUnknown = (entry: FileEntry): boolean =>
    unknown.has(entry.path) || parentKeys(entry).some((key) => unknown.has(key));
  const pinned = new Set(scan.pinned);
  for (const entry of scan.entries) if (isUnknown(entry)) parentKeys(entry).forEach((key) => pinned.add(key));
  return (entry) => isUnknown(entry) || (entry.type === 'dir' && pinned.has(entryKey(entry)));
}

/** Where the checkpoint has a file and the present has something that must not be removed, there is no way. */
function refuseObstacles(changes: readonly TreeChange[], wantedKeys: ReadonlySet<string>, scan: Scan): void {
  const deleted = new Set(
    changes.flatMap(({ change, present }) => (change === 'delete' && present ? [entryKey(present)] : [])),
  );
  const replaced = new Set(
    changes.flatMap(({ want, present }) =>
      want !== undefined && want.type !== 'dir' && present?.type === 'dir' ? [entryKey(want)] : [],
    ),
  );
  const inTheWay = scan.skipped.filter(({ path }) => wantedKeys.has(path)).map(({ path }) => path);
  for (const key of replaced) if (scan.pinned.has(key)) inTheWay.push(key);
  for (const entry of scan.entries) {
    const key = entryKey(entry);
    if (!deleted.has(key) && !wantedKeys.has(key) && parentKeys(entry).some((parent) => replaced.has(parent)))
      inTheWay.push(entry.path);
  }
  if (inTheWay.length === 0) return;
  throw new RerailError(
    'restore-failed',
    `${JSON.stringify(inTheWay[0])} stands where the checkpoint has something else, and may not be removed`,
    {
      remedy: 'Move it away, then restore again; nothing was changed.',
      details: { paths: inTheWay.slice(0, 20) },
      nonRetryable: true,
    },
  );
}

import picomatch from 'picomatch';
import type { FileEntry } from '../../domain/checkpoint.ts';
import { RerailError } from '../../domain/errors.ts';
import { entryKey, parentKeys } from './entry-path.ts';
import type { Scan } from './scan-tree.ts';

export interface TreeSelection {
  /** Entries that are to be as captured. */
  wanted: FileEntry[];
  /** What was found, without what was not asked for. */
  scan: Scan;
  /** Present directories above the selected entries: they stay as they are, their times too. */
  above: FileEntry[];
  /** Paths that the checkpoint knows nothing of: neither written nor removed. */
  unknown: { path: string }[];
}

export interface SelectOrder {
  captured: readonly FileEntry[];
  skipped: readonly { path: string }[];
  /** Paths below the root and globs; a directory stands for all it holds. Undefined: everything. */
  patterns?: readonly string[] | undefined;
  /** Paths whose content the store has lost. */
  lost: ReadonlySet<string>;
}

type Matches = (entry: FileEntry) => boolean;

/** Whether a path below the root is among those that patterns name. */
export function createMatcher(patterns: readonly string[]): (path: string) => boolean {
  const plain = patterns.map((pattern) => pattern.replace(/^\.\//, '').replace(/\/+$/, ''));
  const globs = picomatch(plain, { dot: true, nonegate: true });
  return (path) =>
    plain.some((pattern) => path === pattern || path.startsWith(`${pattern}/`)) || globs(path.replaceAll('\n', '_'));
}

/** Names that share an inode are restored together, or their bytes would part. */
function withHardlinks(captured: readonly FileEntry[], matches: (path: string) => boolean): Matches {
  const groups = new Set(
    captured.flatMap((entry) =>
      entry.type === 'file' && entry.hardlinkGroup !== undefined && matches(entry.path) ? [entry.hardlinkGroup] : [],
    ),
  );
  const keys = new Set(
    captured.flatMap((entry) =>
      entry.type === 'file' && entry.hardlinkGroup !== undefined && groups.has(entry.hardlinkGroup)
        ? [entryKey(entry)]
        : [],
    ),
  );
  return (entry) => matches(entry.path) || keys.has(entryKey(entry));
}

/** Refuses patterns that match nothing: a mistyped path must not look like a restore that had nothing to do. */
function requireMatches(order: SelectOrder, scan: Scan, matches: Matches): void {
  for (const pattern of order.patterns ?? []) {
    const one = createMatcher([pattern]);
    if (order.captured.some(({ path }) => one(path)) || scan.entries.some((entry) => matches(entry) && one(entry.path)))
      continue;
    throw new RerailError('invalid-input', `Nothing in the checkpoint or on disk matches ${JSON.stringify(pattern)}`, {
      remedy: 'Name paths below the workspace or globs, as `rerail restore … --dry-run` lists them.',
      nonRetryable: true,
    });
  }
}

/** Narrows a restore to what was asked for and to what the store still has. */
export function selectTree(order: SelectOrder, scan: Scan): TreeSelection {
  const { captured, skipped, patterns, lost } = order;
  const unknown = [...skipped, ...[...lost].map((path) => ({ path }))];
  const kept = captured.filter(({ path, type }) => type !== 'file' || !lost.has(path));
  if (patterns === undefined) return { wanted: kept, scan, above: [], unknown };
  const matches = withHardlinks(captured, createMatcher(patterns));
  requireMatches(order, scan, matches);
  const selected = new Set(kept.filter(matches).map(entryKey));
  const present = new Map(scan.entries.map((entry) => [entryKey(entry), entry]));
  const parents = new Set(kept.filter(matches).flatMap(parentKeys));
  const isWanted = (entry: FileEntry): boolean => {
    const key = entryKey(entry);
    return selected.has(key) || (parents.has(key) && present.get(key)?.type !== 'dir');
  };
  const pinned = new Set(scan.pinned);
  const above: FileEntry[] = [];
  const entries = scan.entries.filter((entry) => {
    if (matches(entry)) return true;
    parentKeys(entry).forEach((key) => pinned.add(key));
    if (entry.type === 'dir') above.push(entry);
    // Something else stands where a directory has to be.
    return parents.has(entryKey(entry)) && entry.type !== 'dir';
  });
  return { wanted: kept.filter(isWanted), scan: { ...scan, entries, pinned }, above, unknown };
}

import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import type { FileEntry } from '../../domain/checkpoint.ts';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { bytesOfName, entryKey, linkTarget, locate, nameOfBytes, parentKeys } from './entry-path.ts';
import type { NamedEntry } from './entry-path.ts';
import { createExcluded } from './exclude-paths.ts';
import { hashFile } from './hash-file.ts';
import { nameHardlinkGroups } from './hardlink-groups.ts';

export interface ScanLimits {
  maxFiles: number;
  maxBytes: number;
}
export const DEFAULT_LIMITS: ScanLimits = { maxFiles: 200_000, maxBytes: 20 * 1024 ** 3 };

export interface ScanOptions {
  exclude: readonly string[];
  /** Entries of an earlier scan by key: a file whose identity is unchanged is not read again. */
  previous?: ReadonlyMap<string, FileEntry>;
  limits?: ScanLimits;
  signal?: AbortSignal | undefined;
  progress?: ((done: { files: number; bytes: number }) => void) | undefined;
}

export interface Scan {
  root: string;
  /** Parents before what they hold; by name within a directory. */
  entries: FileEntry[];
  skipped: { path: string; reason: string }[];
  /** Directories that hold something excluded or skipped, by key: they must not be removed. */
  pinned: Set<string>;
  totalBytes: number;
}

/** Timestamps move in ticks: what was changed this shortly before may change again without a trace. */
const RACY_NS = 2_000_000_000n;
/** Of which `st_blocks` counts. */
const BLOCK_BYTES = 512n;
/** Smaller ones may be kept in their inode, and take up no block at all. */
const AT_LEAST_SPARSE_BYTES = 65_536n;
const BREATH_EVERY = 512;
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'unreadable',
  EPERM: 'unreadable',
  ELOOP: 'torn',
  ENXIO: 'socket',
};

/**
 * Reads a tree without changing it. Calls that touch only the directory are made synchronously, in slices: through the
 * thread pool they take five times as long.
 */
export async function scanTree(root: string, options: ScanOptions): Promise<Scan> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const excluded = createExcluded(options.exclude);
  const scan: Scan = { root, entries: [], skipped: [], pinned: new Set(), totalBytes: 0 };
  const racyFrom = BigInt(Date.now()) * 1_000_000n - RACY_NS;
  const rootDevice = lstatSync(root, { bigint: true }).dev;
  const links = new Map<string, (FileEntry & { type: 'file' })[]>();
  let visited = 0;

  const pin = (name: NamedEntry): void => parentKeys(name).forEach((key) => scan.pinned.add(key));
  const skip = (name: NamedEntry, reason: string): void => {
    scan.skipped.push({ path: name.path, reason });
    pin(name);
  };

  const addFile = async (name: NamedEntry, stat: BigIntStats): Promise<void> => {
    const known = options.previous?.get(entryKey(name));
    const unchanged = known?.type === 'file' && isUnchanged(known, stat);
    const hashed = unchanged ? { sha256: known.sha256, stat } : await hashFile(locate(root, name), stat.size);
    if (hashed === undefined) return skip(name, 'torn');
    const { size, ino, dev, ctimeNs, mtimeNs, nlink, blocks } = hashed.stat;
    const racy = mtimeNs >= racyFrom || ctimeNs >= racyFrom;
    const entry: FileEntry & { type: 'file' } = {
      ...attributes(name, hashed.stat),
      type: 'file',
      size: Number(size),
      sha256: hashed.sha256,
      ...(size > AT_LEAST_SPARSE_BYTES && blocks * BLOCK_BYTES < size ? { sparse: true as const } : {}),
      // No file has the ctime 0: an entry too fresh to be trusted never matches and is read next time.
      stat: { ino: String(ino), dev: String(dev), ctimeNs: racy ? '0' : String(ctimeNs) },
    };
    scan.entries.push(entry);
    scan.totalBytes += entry.size;
    if (nlink > 1n)
      links.set(`${String(dev)}:${String(ino)}`, [...(links.get(`${String(dev)}:${String(ino)}`) ?? []), entry]);
  };

  const visit = async (name: NamedEntry): Promise<void> => {
    visited += 1;
    if (visited % BREATH_EVERY === 0) {
      options.signal?.throwIfAborted();
      options.progress?.({ files: scan.entries.length, bytes: scan.totalBytes });
      await breathe();
    }
    if (excluded(name.path)) return pin(name);
    try {
      const stat = lstatSync(locate(root, name), { bigint: true });
      if (stat.isFile()) await addFile(name, stat);
      else if (stat.isSymbolicLink()) {
        const target = readlinkSync(locate(root, name), { encoding: 'buffer' });
        scan.entries.push({ ...attributes(name, stat), type: 'symlink', ...linkTarget(target) });
      } else if (!stat.isDirectory()) skip(name, kindOf(stat));
      else if (stat.dev !== rootDevice) skip(name, 'mount point');
      else await addDirectory(name, stat);
    } catch (error) {
      const code = codeOf(error) ?? '';
      // Gone between the listing and the look: as if it had never been there.
      if (code === 'ENOENT') return;
      if (REASONS[code] === undefined) throw error;
      skip(name, REASONS[code]);
    }
    requireWithin(limits, root, scan.entries.length, scan.totalBytes);
  };

  const addDirectory = async (name: NamedEntry, stat: BigIntStats): Promise<void> => {
    const names = readdirSync(locate(root, name), { encoding: 'buffer' });
    scan.entries.push({ ...attributes(name, stat), type: 'dir' });
    const above = Buffer.concat([bytesOfName(name), Buffer.from('/')]);
    for (const child of sorted(names)) await visit(nameOfBytes(Buffer.concat([above, child])));
  };

  for (const child of sorted(readdirSync(root, { encoding: 'buffer' }))) await visit(nameOfBytes(child));
  nameHardlinkGroups(links);
  options.progress?.({ files: scan.entries.length, bytes: scan.totalBytes });
  return scan;
}

const sorted = (names: Buffer[]): Buffer[] => names.sort((a, b) => Buffer.compare(a, b));

function attributes(name: NamedEntry, stat: BigIntStats) {
  return {
    path: name.path,
    ...(name.pathBytes === undefined ? {} : { pathBytes: name.pathBytes }),
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: String(stat.mtimeNs),
  };
}

function isUnchanged(known: FileEntry & { type: 'file' }, stat: BigIntStats): boolean {
  return (
    BigInt(known.size) === stat.size &&
    known.mtimeNs === String(stat.mtimeNs) &&
    known.stat.ctimeNs === String(stat.ctimeNs) &&
    known.stat.ino === String(stat.ino) &&
    known.stat.dev === String(stat.dev)
  );
}

function kindOf(stat: BigIntStats): string {
  if (stat.isFIFO()) return 'fifo';
  return stat.isSocket() ? 'socket' : 'device';
}

/** Throws `workspace-refused`. */
export function requireWithin({ maxFiles, maxBytes }: ScanLimits, root: string, entries: number, bytes: number): void {
  if (entries <= maxFiles && bytes <= maxBytes) return;
  const most = `${String(maxFiles)} entries and ${String(Math.round(maxBytes / 1024 ** 2))} MiB`;
  throw new RerailError('workspace-refused', `${root} is larger than a checkpoint may be (${most})`, {
    remedy: 'Exclude what can be rebuilt, protect a smaller directory, or raise maxTreeFiles and maxTreeBytes.',
    nonRetryable: true,
  });
}

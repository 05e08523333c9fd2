import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { digestFile } from '../digest-file.ts';
import type { FileDigest } from '../digest-file.ts';
import { fsyncPath } from '../fsync-path.ts';
import { artifactCorrupt } from './artifact-errors.ts';

/** Identity of a stored file, to see without a read that it is the one that was read. */
export interface Seen {
  ino: string;
  mtimeNs: string;
  ctimeNs: string;
}

export type ObjectState = 'whole' | 'missing' | 'damaged';

export interface CopiedFile extends FileDigest {
  /** The nine permission bits. */
  mode: number;
}

export interface ArtifactObjects {
  /** Moves a file in, unless a whole object of that content is there. */
  adopt(file: string, sha256: string): Promise<Seen>;
  /** Read in full, unless `seen` says that it was and has not been touched since. */
  check(object: FileDigest, seen?: Seen): Promise<ObjectState>;
  /** Ends with `artifact-corrupt` when the bytes are not those of the digest: nothing may be made of them then. */
  read(object: FileDigest, what: string): AsyncGenerator<Buffer>;
  remove(sha256: string): Promise<void>;
}

const PIECE = 256 * 1024;
const ATTEMPTS = 3;
/** A pipe that nobody writes to must not hold up whoever opens it. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Immutable content, each in a file that is named by its SHA-256. */
export function createArtifactObjects(directory: string): ArtifactObjects {
  const pathOf = (sha256: string): string => join(directory, sha256.slice(0, 2), sha256);
  const check: ArtifactObjects['check'] = async ({ sha256, size }, seen) => {
    const path = pathOf(sha256);
    const found = await lookAt(path);
    if (found === undefined) return 'missing';
    if (found.size !== size) return 'damaged';
    if (seen !== undefined && sameAs(found.seen, seen)) return 'whole';
    return (await digestFile(path)).sha256 === sha256 ? 'whole' : 'damaged';
  };
  return {
    check,
    async adopt(file, sha256) {
      const path = pathOf(sha256);
      const { size } = await stat(file);
      if ((await check({ sha256, size })) !== 'whole') {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await rename(file, path);
        await fsyncPath(dirname(path));
        await fsyncPath(directory);
      }
      const found = await lookAt(path);
      if (found === undefined) throw artifactCorrupt(sha256, 'missing');
      return found.seen;
    },
    async *read({ sha256, size }, what) {
      const hash = createHash('sha256');
      let read = 0;
      const handle = await open(pathOf(sha256), 'r').catch((error: unknown) => {
        throw codeOf(error) === 'ENOENT' ? artifactCorrupt(what, 'missing') : error;
      });
      try {
        for await (const piece of pieces(handle)) {
          hash.update(piece);
          read += piece.length;
          yield piece;
        }
      } finally {
        await handle.close();
      }
      if (read !== size || hash.digest('hex') !== sha256) throw artifactCorrupt(what, 'damaged');
    },
    remove: (sha256) => rm(pathOf(sha256), { force: true }),
  };
}

/** Copies a file that may be written meanwhile: what is kept is one state of it. Throws `store-failed` when it never stood still. */
export async function copyStill(source: string, target: string): Promise<CopiedFile> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const from = await open(source, FLAGS);
    try {
      const before = await from.stat({ bigint: true });
      if (!before.isFile()) throw noFile(source);
      const copied = await writeSynced(target, pieces(from));
      const after = await from.stat({ bigint: true });
      const still = before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs;
      if (still && BigInt(copied.size) === after.size) return { ...copied, mode: Number(before.mode) & 0o777 };
    } finally {
      await from.close();
    }
  }
  throw new RerailError('store-failed', `${source} changed every time it was read`, {
    remedy: 'Save it when what writes it has ended.',
  });
}

/** Puts a file in place by way of another beside it: whole, with these permissions, or not at all. */
export async function placeFile(
  { stage, target }: { stage: string; target: string },
  content: AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  try {
    await writeSynced(stage, content);
    await chmod(stage, mode);
    await rename(stage, target);
  } catch (error) {
    await rm(stage, { force: true });
    throw error;
  }
  await fsyncPath(dirname(target));
}

/** A new file of mode 0600 that survives a power cut, instead of what is there. */
async function writeSynced(target: string, content: AsyncIterable<Uint8Array>): Promise<FileDigest> {
  const hash = createHash('sha256');
  let size = 0;
  await rm(target, { force: true });
  const to = await open(target, 'wx', 0o600);
  try {
    for await (const piece of content) {
      hash.update(piece);
      size += piece.length;
      await to.writeFile(piece);
    }
    await to.sync();
  } catch (error) {
    throw codeOf(error) === 'ENOSPC' ? diskFull(target, error) : error;
  } finally {
    await to.close();
  }
  return { sha256: hash.digest('hex'), size };
}

const diskFull = (path: string, cause: unknown): RerailError =>
  new RerailError('disk-full', `There is no room to write ${path}`, {
    remedy: 'Free space on that disk, and do it again; what was there is as it was.',
    cause,
  });

const noFile = (path: string): RerailError =>
  new RerailError('invalid-input', `${path} is no file: an artifact is one`, {
    remedy: 'Name a file; pack a directory into an archive first.',
    nonRetryable: true,
  });

async function* pieces(handle: FileHandle): AsyncGenerator<Buffer> {
  for (;;) {
    const buffer = Buffer.allocUnsafe(PIECE);
    const { bytesRead } = await handle.read(buffer, 0, PIECE, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function lookAt(path: string): Promise<{ size: number; seen: Seen } | undefined> {
  try {
    const { size, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return { size: Number(size), seen: { ino: String(ino), mtimeNs: String(mtimeNs), ctimeNs: String(ctimeNs) } };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const sameAs = (a: Seen, b: Seen): boolean => a.ino === b.ino && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;

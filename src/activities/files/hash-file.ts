import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FsPath } from './entry-path.ts';

export interface HashedFile {
  sha256: string;
  stat: BigIntStats;
}

/** Read at once, which is several times faster; larger files are streamed. */
const AT_ONCE_BYTES = 256 * 1024;
/** One for all: nothing else runs between the read and the digest. */
const scratch = Buffer.allocUnsafeSlow(AT_ONCE_BYTES + 1);
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const ATTEMPTS = 3;

const same = (a: BigIntStats, b: BigIntStats): boolean =>
  a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.ino === b.ino;

/** Undefined when the file kept changing while it was read. */
export async function hashFile(path: FsPath, size: bigint): Promise<HashedFile | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const hashed = size <= AT_ONCE_BYTES ? hashAtOnce(path) : await hashStream(path);
    if (hashed !== undefined) return hashed;
  }
  return undefined;
}

function hashAtOnce(path: FsPath): HashedFile | undefined {
  const descriptor = openSync(path, FLAGS);
  try {
    const before = fstatSync(descriptor, { bigint: true });
    if (before.size > AT_ONCE_BYTES) return undefined;
    const wanted = Number(before.size) + 1;
    const length = readUpTo(descriptor, scratch, wanted);
    if (BigInt(length) !== before.size || !same(before, fstatSync(descriptor, { bigint: true }))) return undefined;
    return { sha256: createHash('sha256').update(scratch.subarray(0, length)).digest('hex'), stat: before };
  } finally {
    closeSync(descriptor);
  }
}

async function hashStream(path: FsPath): Promise<HashedFile | undefined> {
  const handle = await open(path, FLAGS);
  try {
    const before = await handle.stat({ bigint: true });
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    let length = 0n;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      length += BigInt(bytesRead);
      if (length > before.size) return undefined;
    }
    if (length !== before.size || !same(before, await handle.stat({ bigint: true }))) return undefined;
    return { sha256: hash.digest('hex'), stat: before };
  } finally {
    await handle.close();
  }
}

/** The bytes of a file as it was when it was hashed: what has been appended since is left out. */
export async function* readPrefix(path: FsPath, size: number): AsyncGenerator<Uint8Array> {
  if (size <= AT_ONCE_BYTES) {
    yield readAtOnce(path, size);
    return;
  }
  const handle = await open(path, FLAGS);
  try {
    for (let left = size; left > 0;) {
      const buffer = Buffer.allocUnsafe(Math.min(left, 256 * 1024));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function readAtOnce(path: FsPath, size: number): Uint8Array {
  const descriptor = openSync(path, FLAGS);
  try {
    const buffer = Buffer.allocUnsafe(size);
    return buffer.subarray(0, readUpTo(descriptor, buffer, size));
  } finally {
    closeSync(descriptor);
  }
}

/** Returns how much there was. */
function readUpTo(descriptor: number, buffer: Buffer, wanted: number): number {
  let length = 0;
  for (let read = -1; read !== 0 && length < wanted; length += read) {
    read = readSync(descriptor, buffer, length, wanted - length, null);
  }
  return length;
}

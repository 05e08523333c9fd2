import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { RerailError } from '../../../domain/errors.ts';

export interface KeyRecord {
  key: Buffer;
  /** Milliseconds since 1970; 0 for a key that stays. */
  expiresAt: number;
  /** SHA-256 of type and content, however the server encodes them. */
  digest: Buffer;
  /** As DUMP gave it. */
  dump: Buffer;
}

const MAGIC = Buffer.from('RERAIL-REDIS-1\n');
const END = 0xffffffff;
const DIGEST_BYTES = 32;
const READ_BYTES = 1024 * 1024;

/** Each record: length and bytes of the key, expiry, digest, length and bytes of the dump. A digest over all at the end. */
function encode({ key, expiresAt, digest, dump }: KeyRecord): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(key.length);
  const middle = Buffer.alloc(8 + DIGEST_BYTES + 4);
  middle.writeBigUInt64BE(BigInt(expiresAt));
  digest.copy(middle, 8);
  middle.writeUInt32BE(dump.length, 8 + DIGEST_BYTES);
  return Buffer.concat([head, key, middle, dump]);
}

export interface DumpWriter {
  /** In one piece. */
  write(records: readonly KeyRecord[]): Promise<void>;
  /** Writes the closing digest and brings all of it to the disk. */
  end(): Promise<void>;
  close(): Promise<void>;
}

/** A file that only its owner can read. */
export async function createDump(file: string): Promise<DumpWriter> {
  const handle = await open(file, 'wx', 0o600);
  const hash = createHash('sha256');
  const append = async (bytes: Buffer): Promise<void> => {
    hash.update(bytes);
    await handle.writeFile(bytes);
  };
  await append(MAGIC);
  return {
    async write(records) {
      await append(Buffer.concat(records.map(encode)));
    },
    async end() {
      const mark = Buffer.alloc(4);
      mark.writeUInt32BE(END);
      await append(mark);
      await handle.writeFile(hash.digest());
      await handle.sync();
    },
    close: () => handle.close(),
  };
}

const damaged = (file: string): RerailError =>
  new RerailError('checkpoint-corrupt', `The dump ${file} is damaged or cut short`, {
    remedy: 'Restore from another checkpoint.',
    nonRetryable: true,
  });

interface Source {
  /** Throws at the end of the file. */
  take(count: number): Promise<Buffer>;
}

function createSource(handle: FileHandle, file: string): Source {
  let buffer = Buffer.alloc(0);
  return {
    async take(count) {
      if (buffer.length < count) {
        const grown = Buffer.allocUnsafe(count + READ_BYTES);
        buffer.copy(grown);
        let length = buffer.length;
        while (length < count) {
          const { bytesRead } = await handle.read(grown, length, grown.length - length);
          if (bytesRead === 0) throw damaged(file);
          length += bytesRead;
        }
        buffer = grown.subarray(0, length);
      }
      const taken = buffer.subarray(0, count);
      buffer = buffer.subarray(count);
      return taken;
    },
  };
}

/** Streams the records of a dump, one value in memory at a time. Throws `checkpoint-corrupt`, at the end at the latest. */
export async function* readDump(file: string): AsyncGenerator<KeyRecord> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const source = createSource(handle, file);
    const hash = createHash('sha256');
    const take = async (count: number): Promise<Buffer> => {
      // A damaged length must not be answered with so much memory.
      if (count > size) throw damaged(file);
      const bytes = await source.take(count);
      hash.update(bytes);
      return bytes;
    };
    if (!(await take(MAGIC.length)).equals(MAGIC)) throw damaged(file);
    for (;;) {
      const keyLength = (await take(4)).readUInt32BE();
      if (keyLength === END) break;
      const key = await take(keyLength);
      const expiresAt = Number((await take(8)).readBigUInt64BE());
      const digest = await take(DIGEST_BYTES);
      const dump = await take((await take(4)).readUInt32BE());
      yield { key, expiresAt, digest, dump };
    }
    const expected = hash.digest();
    if (!(await source.take(DIGEST_BYTES)).equals(expected)) throw damaged(file);
  } finally {
    await handle.close();
  }
}

/** Reads all of it once, so that nothing is changed for the sake of a damaged dump. */
export async function checkDump(file: string): Promise<void> {
  const records = readDump(file);
  while ((await records.next()).done !== true);
}

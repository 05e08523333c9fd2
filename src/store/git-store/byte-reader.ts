import type { Readable } from 'node:stream';

export interface ByteReader {
  /** Without its line end; undefined at the end of the stream. */
  line(): Promise<string | undefined>;
  /** Exactly so many bytes, in pieces; ends early with the stream, which `left` tells. One at a time. */
  take(count: number): AsyncGenerator<Uint8Array>;
  left(): number;
  /** Passes over what `take` has left; false when the stream ends before. */
  skip(): Promise<boolean>;
}

/** Reads a stream as lines and counted bytes, holding no more than one chunk. */
export function createByteReader(stream: Readable): ByteReader {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let buffer: Buffer = Buffer.alloc(0);
  let left = 0;

  const more = async (): Promise<boolean> => {
    const next = await chunks.next();
    if (next.done === true) return false;
    buffer = buffer.length === 0 ? next.value : Buffer.concat([buffer, next.value]);
    return true;
  };

  async function* pieces(): AsyncGenerator<Uint8Array> {
    while (left > 0) {
      if (buffer.length === 0 && !(await more())) return;
      const piece = buffer.subarray(0, left);
      buffer = buffer.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  return {
    async line() {
      for (;;) {
        const end = buffer.indexOf(10);
        if (end >= 0) {
          const text = buffer.toString('latin1', 0, end);
          buffer = buffer.subarray(end + 1);
          return text;
        }
        if (!(await more())) return undefined;
      }
    },
    take(count) {
      left = count;
      return pieces();
    },
    left: () => left,
    async skip() {
      const rest = pieces();
      while ((await rest.next()).done !== true);
      return left === 0;
    },
  };
}

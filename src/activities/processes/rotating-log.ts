import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Redact } from '../../telemetry/redact.ts';

/** A line that is longer is written in parts; a secret could stand at the edge of one. */
const LONGEST_LINE = 64 * 1024;

/** Whole lines, as many as fit into a file; a line that is longer than that in parts. */
function* piecesOf(bytes: Buffer, maxBytes: number): Generator<Buffer> {
  for (let from = 0; from < bytes.length;) {
    const most = Math.min(from + maxBytes, bytes.length);
    const end = most === bytes.length ? most : bytes.lastIndexOf(0x0a, most - 1) + 1;
    const to = end > from ? end : most;
    yield bytes.subarray(from, to);
    from = to;
  }
}

/** Writes lines, masked, into a file of bounded size; full ones are kept as `.1`, `.2` and so on. A full disk loses lines, no more. */
export function createRotatingLog(file: string, limits: { maxBytes: number; keep: number }, redact: Redact) {
  let handle: number | undefined;
  let size = 0;
  let lost = 0;
  const open = (): number => {
    const opened = openSync(file, 'a', 0o600);
    handle = opened;
    size = fstatSync(opened).size;
    return opened;
  };
  const rotate = (): void => {
    if (handle !== undefined) closeSync(handle);
    handle = undefined;
    rmSync(`${file}.${limits.keep}`, { force: true });
    for (let number = limits.keep - 1; number >= 1; number--) {
      try {
        renameSync(`${file}.${number}`, `${file}.${number + 1}`);
      } catch {
        // There are not as many yet.
      }
    }
    if (limits.keep > 0) renameSync(file, `${file}.1`);
    else rmSync(file, { force: true });
  };
  const write = (text: string): void => {
    for (const piece of piecesOf(Buffer.from(redact(text)), limits.maxBytes)) put(piece);
  };
  const put = (bytes: Buffer): void => {
    try {
      if (handle !== undefined && size > 0 && size + bytes.length > limits.maxBytes) rotate();
      const to = handle ?? open();
      writeSync(to, bytes);
      size += bytes.length;
    } catch {
      lost += 1;
    }
  };
  return {
    /** One for each stream, so that their lines do not run into each other. */
    stream() {
      let rest = '';
      return {
        push(chunk: Buffer): void {
          const text = rest + chunk.toString('utf8');
          const end = text.lastIndexOf('\n') + 1;
          if (end > 0) write(text.slice(0, end));
          rest = text.slice(end);
          if (rest.length > LONGEST_LINE) {
            write(`${rest}\n`);
            rest = '';
          }
        },
        flush(): void {
          if (rest !== '') write(`${rest}\n`);
          rest = '';
        },
      };
    },
    lost: (): number => lost,
  };
}

/** The end of what was written, over the last two files. */
export async function lastLines(file: string, count: number): Promise<string[]> {
  const read = (name: string): Promise<string> => readFile(name, 'utf8').catch(() => '');
  const now = await read(file);
  const text = now.split('\n').length > count ? now : (await read(`${file}.1`)) + now;
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .map((line) => line.slice(0, 500));
}

import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';

const WAL_HEADER = 32;
const FRAME_HEADER = 24;

/** Bytes at the beginning of a file. */
function head(file: string, length: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    readSync(descriptor, bytes, 0, length, 0);
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** Pages of the database by the last commit in the log beside it; undefined where the log has none. */
function pagesInLog(log: Buffer, pageSize: number): number | undefined {
  let pages: number | undefined;
  for (let at = WAL_HEADER; at + FRAME_HEADER <= log.length; at += FRAME_HEADER + pageSize) {
    // Frames of an earlier round of the log carry other salts.
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break;
    const committed = log.readUInt32BE(at + 4);
    if (committed > 0) pages = committed;
  }
  return pages;
}

/** What an SQLite database takes once its log is written back, in bytes. Counted in pages: exact to some kilobytes. */
export function databaseBytes(file: string): number {
  const header = head(file, 100);
  const given = header.readUInt16BE(16);
  const pageSize = given === 1 ? 65_536 : given;
  const log = `${file}-wal`;
  const found =
    existsSync(log) && statSync(log).size > WAL_HEADER ? pagesInLog(readFileSync(log), pageSize) : undefined;
  return (found ?? header.readUInt32BE(28)) * pageSize;
}

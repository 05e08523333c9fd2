import { open, rename, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { RerailError } from '../domain/errors.ts';

const ROTATE_AT_BYTES = 10 * 1024 * 1024;
const START_BYTES = 256 * 1024;
const LAST_LINES = 8;

/** Opens the log for appending; a large one is set aside first, one generation is kept. */
export async function openServerLog(path: string): Promise<FileHandle> {
  const size = await stat(path).then(
    (entry) => entry.size,
    () => 0,
  );
  if (size > ROTATE_AT_BYTES) await rename(path, `${path}.1`);
  return open(path, 'a', 0o600);
}

/** What was written after the given offset, the beginning of it: a server that panics says why above a long trace. */
export async function readLogFrom(path: string, from: number): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(START_BYTES, Math.max(0, size - from)));
    await file.read(buffer, 0, buffer.length, from);
    return buffer.toString('utf8').trimEnd();
  } finally {
    await file.close();
  }
}

export const lastLines = (log: string): string => log.split('\n').slice(-LAST_LINES).join('\n');

interface Symptom {
  pattern: RegExp;
  /** Of the line that tells it. */
  error: (line: string, dataDir: string) => RerailError;
}

const SYMPTOMS: readonly Symptom[] = [
  {
    pattern: /database or disk is full|no space left on device/i,
    error: (line, dataDir) =>
      new RerailError('disk-full', `the Temporal server could not write to ${dataDir}, the disk is full:\n${line}`, {
        remedy: 'Free some space, or choose another place with --data-dir or RERAIL_DATA_DIR.',
      }),
  },
  {
    pattern: /can't set \S+ port|address already in use/i,
    error: (line) =>
      new RerailError('port-taken', `the Temporal server found its port taken:\n${line}`, {
        remedy: 'Try again, or choose another port with RERAIL_SERVER_PORT and RERAIL_UI_PORT.',
      }),
  },
  {
    pattern: /readonly database|permission denied/i,
    error: (line, dataDir) =>
      new RerailError('setup-failed', `the Temporal server may not write to ${dataDir}:\n${line}`, {
        remedy: 'Give this user write access, or choose another place with --data-dir or RERAIL_DATA_DIR.',
      }),
  },
  {
    pattern: /no such table|file is not a database|database disk image is malformed/i,
    error: (line, dataDir) =>
      new RerailError('setup-failed', `the Temporal database in ${dataDir} cannot be read:\n${line}`, {
        remedy: 'Start with an empty one: `rerail up --fresh` (recoveries recorded there are lost).',
      }),
  },
];

/** Turns what the server wrote before it gave up into the error that says what to do. */
export function explainServerLog(log: string, dataDir: string): RerailError | undefined {
  const lines = log.split('\n');
  for (const { pattern, error } of SYMPTOMS) {
    const line = lines.find((one) => pattern.test(one));
    if (line !== undefined) return error(line, dataDir);
  }
  return undefined;
}

import { open, rename, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { RerailError } from '../domain/errors.ts';

const ROTATE_AT_BYTES = 10 * 1024 * 1024;
const TAIL_BYTES = 4096;

/** Opens the log for appending; a large one is set aside first, one generation is kept. */
export async function openServerLog(path: string): Promise<FileHandle> {
  const size = await stat(path).then(
    (entry) => entry.size,
    () => 0,
  );
  if (size > ROTATE_AT_BYTES) await rename(path, `${path}.1`);
  return open(path, 'a', 0o600);
}

/** The last lines that were written after the given offset. */
export async function tailOfLog(path: string, from = 0, lines = 8): Promise<string> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - TAIL_BYTES, 0);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    await file.read(buffer, 0, buffer.length, start);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    await file.close();
  }
}

interface Symptom {
  pattern: RegExp;
  error: (log: string, dataDir: string) => RerailError;
}

const SYMPTOMS: readonly Symptom[] = [
  {
    pattern: /database or disk is full|no space left on device/i,
    error: (log, dataDir) =>
      new RerailError('disk-full', `the Temporal server could not write to ${dataDir}, the disk is full:\n${log}`, {
        remedy: 'Free some space, or choose another place with --data-dir or RERAIL_DATA_DIR.',
      }),
  },
  {
    pattern: /can't set \S+ port|address already in use/i,
    error: (log) =>
      new RerailError('port-taken', `the Temporal server found its port taken:\n${log}`, {
        remedy: 'Try again, or choose another port with RERAIL_SERVER_PORT and RERAIL_UI_PORT.',
      }),
  },
  {
    pattern: /readonly database|permission denied/i,
    error: (log, dataDir) =>
      new RerailError('setup-failed', `the Temporal server may not write to ${dataDir}:\n${log}`, {
        remedy: 'Give this user write access, or choose another place with --data-dir or RERAIL_DATA_DIR.',
      }),
  },
  {
    pattern: /no such table|file is not a database|database disk image is malformed/i,
    error: (log, dataDir) =>
      new RerailError('setup-failed', `the Temporal database in ${dataDir} cannot be read:\n${log}`, {
        remedy: 'Start with an empty one: `rerail up --fresh` (recoveries recorded there are lost).',
      }),
  },
];

/** Turns what the server wrote before it gave up into the error that says what to do. */
export function explainServerLog(log: string, dataDir: string): RerailError | undefined {
  return SYMPTOMS.find(({ pattern }) => pattern.test(log))?.error(log, dataDir);
}

import { access, constants, mkdir, rm, statfs } from 'node:fs/promises';
import { messageOf, RerailError } from '../domain/errors.ts';
import { databaseFile } from './server-state.ts';

const MIN_FREE_BYTES = 200 * 1024 * 1024;

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 1024 / 1024)} MiB`;

export type FreeSpace = (path: string) => Promise<number>;

export const freeBytes: FreeSpace = async (path) => {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
};

/** Creates the directory and makes sure that a database can grow in it. */
export async function prepareDataDir(dataDir: string, free: FreeSpace = freeBytes): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await access(dataDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new RerailError('setup-failed', `the data directory ${dataDir} cannot be written to: ${messageOf(error)}`, {
      remedy: 'Give this user write access, or choose another place with --data-dir or RERAIL_DATA_DIR.',
      cause: error,
    });
  }
  const available = await free(dataDir);
  if (available < MIN_FREE_BYTES) {
    throw new RerailError(
      'disk-full',
      `${dataDir} has ${mebibytes(available)} free, the server needs ${mebibytes(MIN_FREE_BYTES)}`,
      { remedy: 'Free some space, or choose another place with --data-dir or RERAIL_DATA_DIR.' },
    );
  }
}

/** Removes the database of a data directory; the caller makes sure that no server runs on it. */
export async function removeDatabase(dataDir: string): Promise<void> {
  const file = databaseFile(dataDir);
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${file}${suffix}`, { force: true });
}

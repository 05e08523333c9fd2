import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** Removes what killed processes left there, after a day. */
export async function removeAbandoned(above: string): Promise<void> {
  for (const name of await readdir(above).catch(() => [])) {
    const path = join(above, name);
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}

/** A private directory below `above`, which is made when missing; removed when the work has ended, however it ended. */
export async function withTemporaryDirectory<T>(
  above: string,
  prefix: string,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  await mkdir(above, { recursive: true, mode: 0o700 });
  const directory = await mkdtemp(join(above, prefix));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

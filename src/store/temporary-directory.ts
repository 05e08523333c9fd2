import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

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

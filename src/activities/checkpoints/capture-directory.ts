import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { withTemporaryDirectory } from '../../store/temporary-directory.ts';

const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** A directory for content on its way into the store. What killed captures left is removed after a day. */
export async function withCaptureDirectory<T>(dataDir: string, work: (directory: string) => Promise<T>): Promise<T> {
  const above = join(dataDir, 'captures');
  for (const name of await readdir(above).catch(() => [])) {
    const path = join(above, name);
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (age > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
  return withTemporaryDirectory(above, 'capture-', work);
}

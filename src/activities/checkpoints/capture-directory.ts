import { join } from 'node:path';
import { removeAbandoned, withTemporaryDirectory } from '../../store/temporary-directory.ts';

/** A directory for content on its way into the store. What killed captures left is removed after a day. */
export async function withCaptureDirectory<T>(dataDir: string, work: (directory: string) => Promise<T>): Promise<T> {
  const above = join(dataDir, 'captures');
  await removeAbandoned(above);
  return withTemporaryDirectory(above, 'capture-', work);
}

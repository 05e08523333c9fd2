import { codeOf } from '../../domain/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { fsyncPath } from '../../store/fsync-path.ts';
import type { FsPath } from './entry-path.ts';

/** Above this many one flush of the whole file system is cheaper than one for each. */
const EACH = 64;

/** Makes files and directories of one file system survive a power cut. */
export async function syncFiles(paths: readonly FsPath[], within: string): Promise<void> {
  if (paths.length > EACH && (await syncFileSystem(within))) return;
  for (const path of paths) {
    try {
      await fsyncPath(path);
    } catch (error) {
      // Its mode keeps even its owner from opening it: then the whole file system is flushed.
      if (codeOf(error) !== 'EACCES' || !(await syncFileSystem(within))) throw error;
      return;
    }
  }
}

async function syncFileSystem(within: string): Promise<boolean> {
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
  const result = await runProcess({ argv: ['sync', '--file-system', within], env }).catch(() => undefined);
  return result?.exitCode === 0;
}

import { runProcess } from '../../process/run-process.ts';
import { fsyncPath } from '../../store/fsync-path.ts';
import type { FsPath } from './entry-path.ts';

/** Above this many one flush of the whole file system is cheaper than one for each. */
const EACH = 64;

/** Makes files and directories of one file system survive a power cut. */
export async function syncFiles(paths: readonly FsPath[], within: string): Promise<void> {
  if (paths.length > EACH) {
    const result = await runProcess({
      argv: ['sync', '--file-system', within],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
    }).catch(() => undefined);
    if (result?.exitCode === 0) return;
  }
  for (const path of paths) await fsyncPath(path);
}

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitRepository } from './git-command.ts';

/** What killed writers leave: half-written packs, refs that were never published, locks that nobody holds any more. */
const LEFTOVER = /^(tmp_|\.tmp-|fast_import_crash_)|\.lock$/;

const DRAFT_MS = 60 * 60 * 1000;

/** Only under the exclusive lock. Returns the bytes freed. */
export async function removeLeftovers(repository: GitRepository): Promise<number> {
  const { gitDir } = repository;
  let freed = await sweepDirectory(gitDir, 0);
  freed += await sweepDirectory(join(gitDir, 'objects'), 1);
  freed += await sweepDirectory(join(gitDir, 'refs'), 2);
  const staging = join(gitDir, 'refs', 'staging');
  for (const name of await readdir(staging).catch(() => [])) await rm(join(staging, name), { force: true });
  for (const name of await readdir(repository.path)) {
    // A young one may belong to a process that is making the repository at this moment, outside the lock.
    const path = join(repository.path, name);
    if (
      name.startsWith('.new-') &&
      Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs > DRAFT_MS
    )
      await rm(path, { recursive: true, force: true });
  }
  return freed;
}

async function sweepDirectory(directory: string, depth: number): Promise<number> {
  let freed = 0;
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (depth > 0) freed += await sweepDirectory(path, depth - 1);
    } else if (LEFTOVER.test(entry.name)) {
      freed += (await stat(path).catch(() => ({ size: 0 }))).size;
      await rm(path, { force: true });
    }
  }
  return freed;
}

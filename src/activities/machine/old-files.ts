import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { glob } from 'tinyglobby';
import { toMs } from '../../domain/duration.ts';
import type { Machine } from '../../domain/machine.schema.ts';
import { resolveInside } from '../../process/inside.ts';

export interface OldFile {
  file: string;
  /** What it takes on the disk. */
  bytes: number;
  modifiedMs: number;
}

type Rule = NonNullable<Machine['disk']>['remove'][number];

/** Plain files of the folder that fit and are old enough, oldest first; no link is followed, and none is removed. */
export async function findOldFiles({ folder, patterns, olderThan }: Rule, now: number): Promise<OldFile[]> {
  const root = await resolveInside(folder, '.', 'machine.disk.remove.folder');
  const names = await glob(patterns, { cwd: root, dot: true, expandDirectories: false, followSymbolicLinks: false });
  const found: OldFile[] = [];
  for (const name of names) {
    const file = path.resolve(root, name);
    const stat = await lstat(file).catch(() => undefined);
    if (!stat?.isFile() || now - stat.mtimeMs < toMs(olderThan)) continue;
    // A link in the middle of the path would lead out of the folder.
    if ((await realpath(path.dirname(file)).catch(() => '')) !== path.dirname(file)) continue;
    found.push({ file, bytes: stat.blocks * 512, modifiedMs: stat.mtimeMs });
  }
  return found.sort((a, b) => a.modifiedMs - b.modifiedMs);
}

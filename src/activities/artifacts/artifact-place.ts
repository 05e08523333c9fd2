import { lstat, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { placeFile } from '../../store/artifacts/artifact-objects.ts';
import { digestFile } from '../../store/digest-file.ts';
import type { FileDigest } from '../../store/digest-file.ts';
import { STAGE_PREFIX } from '../files/exclude-paths.ts';
import { setMtimes } from '../files/set-mtimes.ts';

export interface WorkspacePath {
  /** Absolute, and no link. */
  root: string;
  /** Below it. */
  storagePath: string;
}

const look = (path: string) =>
  lstat(path, { bigint: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });

/** What is at the path. Undefined: nothing. Throws for what is no file, and for a way that leads through a link. */
export async function digestAt({ root, storagePath }: WorkspacePath): Promise<FileDigest | undefined> {
  let above = root;
  for (const name of storagePath.split('/').slice(0, -1)) {
    above = join(above, name);
    const stat = await look(above);
    if (stat === undefined) return undefined;
    if (!stat.isDirectory()) throw notDirectory(storagePath, above);
  }
  const path = join(root, storagePath);
  const stat = await look(path);
  if (stat === undefined) return undefined;
  if (stat.isFile()) return digestFile(path);
  throw new RerailError('restore-failed', `${path} is no file, and an artifact is to be put there`, {
    remedy: 'Move it away and restore again; nothing was changed.',
    nonRetryable: true,
  });
}

/**
 * Puts content at a path, whole or not at all; directories that are missing are made. The times of the directory above stay:
 * a tree that is restored along with it is compared to the nanosecond.
 */
export async function placeContent(
  { root, storagePath }: WorkspacePath,
  content: AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  const { parent, existing, mtimeNs } = await makeParents(root, storagePath);
  const stage = join(parent, `${STAGE_PREFIX}${basename(storagePath)}`.slice(0, 200));
  await placeFile({ stage, target: join(root, storagePath) }, content, mode);
  await setMtimes([{ path: existing, mtimeNs }]);
}

async function makeParents(
  root: string,
  storagePath: string,
): Promise<{ parent: string; existing: string; mtimeNs: string }> {
  const rootStat = await lstat(root, { bigint: true });
  const names = dirname(storagePath) === '.' ? [] : dirname(storagePath).split('/');
  let parent = root;
  let existing = { existing: root, mtimeNs: String(rootStat.mtimeNs) };
  for (const name of names) {
    parent = join(parent, name);
    const stat = await look(parent);
    if (stat === undefined) await mkdir(parent);
    else if (!stat.isDirectory()) throw notDirectory(storagePath, parent);
    else existing = { existing: parent, mtimeNs: String(stat.mtimeNs) };
  }
  return { parent, ...existing };
}

const notDirectory = (storagePath: string, above: string): RerailError =>
  new RerailError(
    'path-outside-workspace',
    `Cannot reach ${JSON.stringify(storagePath)}: ${above} is a link or no directory`,
    { remedy: 'Move it away, and restore again.', nonRetryable: true },
  );

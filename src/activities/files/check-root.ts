import { lstat, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { RerailError } from '../../domain/errors.ts';

export interface RootRules {
  storePath: string;
  dataDir: string;
}

/** True when `inner` is `outer` or lies below it. */
export function contains(outer: string, inner: string): boolean {
  const path = relative(outer, inner);
  return path === '' || (path !== '..' && !path.startsWith('../') && !isAbsolute(path));
}

const resolved = (path: string): Promise<string> => realpath(path).catch(() => path);

/** The root as the kernel names it, after a check that it is a directory one may capture and restore. */
export async function checkRoot(root: string, rules: RootRules): Promise<string> {
  const found = await checkRestoreRoot(root, rules);
  if (!found.exists) throw refused(root, 'it does not exist', 'Make the directory, or name another one.');
  return found.path;
}

/** The same for a restore, which may make the directory anew where it is gone; what it lies in must be there. */
export async function checkRestoreRoot(root: string, rules: RootRules): Promise<{ path: string; exists: boolean }> {
  if (!isAbsolute(root) || root.includes('\0'))
    throw refused(root, 'it is not an absolute path', 'Name the workspace by its absolute path.');
  const stat = await lstat(root).catch(() => undefined);
  if (stat?.isSymbolicLink() === true)
    throw refused(root, 'it is a symbolic link', 'Name the directory that it points to.');
  if (stat?.isDirectory() === false) throw refused(root, 'it is not a directory', 'Name a directory.');
  if (stat !== undefined) {
    const path = await realpath(root);
    await checkPlace(root, path, rules);
    return { path, exists: true };
  }
  const parent = await realpath(dirname(root)).catch(() => {
    throw refused(root, 'neither it nor what it lies in exists', 'Make the directory, or name another one.');
  });
  const path = join(parent, basename(root));
  await checkPlace(root, path, rules);
  return { path, exists: false };
}

async function checkPlace(root: string, real: string, { storePath, dataDir }: RootRules): Promise<void> {
  const home = await resolved(homedir());
  if (real === '/') throw refused(root, 'it is the whole file system', 'Name the directory of the workspace.');
  if (contains(real, home))
    throw refused(root, 'it is or holds the home directory', 'Name a directory of the workspace alone.');
  const store = await resolved(storePath);
  if (contains(real, store) || contains(store, real)) {
    throw refused(
      root,
      `it and the checkpoint store ${storePath} lie in each other`,
      'Put the store or the workspace elsewhere.',
    );
  }
  if (contains(real, await resolved(dataDir))) {
    throw refused(
      root,
      `it holds Rerail's own data in ${dataDir}`,
      'Put the data directory elsewhere (RERAIL_DATA_DIR).',
    );
  }
}

function refused(root: string, why: string, remedy: string): RerailError {
  return new RerailError('workspace-refused', `The directory ${JSON.stringify(root)} cannot be protected: ${why}`, {
    remedy,
    nonRetryable: true,
  });
}

import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { fsyncPath } from '../fsync-path.ts';
import type { GitRepository } from './git-command.ts';

/**
 * Written by hand rather than by `git config`: one file, there from the first moment. Nothing may alter bytes on their
 * way, run by itself, or leave data unsynced.
 */
const CONFIG = `[core]
	repositoryformatversion = 1
	bare = true
	filemode = true
	symlinks = true
	autocrlf = false
	safecrlf = false
	attributesFile = /dev/null
	hooksPath = /dev/null
	precomposeUnicode = false
	protectNTFS = false
	logAllRefUpdates = false
	compression = 1
	bigFileThreshold = 32m
	fsync = all
	fsyncMethod = fsync
	filesRefLockTimeout = 10000
	packedRefsTimeout = 10000
[extensions]
	objectformat = sha256
[fastimport]
	unpackLimit = 1
[transfer]
	fsckObjects = true
[gc]
	auto = 0
	cruftPacks = false
[maintenance]
	auto = false
[pack]
	threads = 2
[rerail]
	storeVersion = 1
`;

const DIRECTORIES = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'refs/checkpoints', 'refs/staging'];

/** Makes the repository aside and moves it into place whole, so that of two makers one wins and neither sees half of it. */
export async function initRepository(repository: GitRepository): Promise<void> {
  const { gitDir, path } = repository;
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (!(await isThere(gitDir))) {
    const draft = join(path, `.new-${randomBytes(8).toString('hex')}`);
    try {
      for (const name of DIRECTORIES) await mkdir(join(draft, name), { recursive: true, mode: 0o700 });
      await writeFile(join(draft, 'HEAD'), 'ref: refs/heads/none\n', { flush: true });
      await writeFile(join(draft, 'config'), CONFIG, { flush: true });
      await rename(draft, gitDir);
      await fsyncPath(path);
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')) throw error;
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }
  const config = await readFile(join(gitDir, 'config'), 'utf8').catch(() => '');
  if (!config.includes('[rerail]')) {
    throw new RerailError('store-failed', `${gitDir} is a directory that is not a checkpoint store`, {
      remedy: 'Point the store at an empty or missing directory.',
      nonRetryable: true,
    });
  }
  for (const name of ['locks', 'restores']) await mkdir(join(path, name), { recursive: true, mode: 0o700 });
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

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

/** Files that never change. */
const FIXED = { HEAD: 'ref: refs/heads/none\n', config: CONFIG };

const DIRECTORIES = ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'refs/checkpoints', 'refs/staging'];

/** Makes the repository aside and moves it into place whole, so that of two makers one wins and neither sees half of it. */
export async function initRepository(repository: GitRepository): Promise<void> {
  const { gitDir, path } = repository;
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (!(await isThere(gitDir))) {
    const draft = join(path, `.new-${randomBytes(8).toString('hex')}`);
    try {
      for (const name of DIRECTORIES) await mkdir(join(draft, name), { recursive: true, mode: 0o700 });
      for (const [name, text] of Object.entries(FIXED)) await writeFile(join(draft, name), text, { flush: true });
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
  await mendFixedFiles(repository);
  for (const name of ['locks', 'restores']) await mkdir(join(path, name), { recursive: true, mode: 0o700 });
}

/**
 * With one wrong letter in its configuration git calls every object unreadable, and a repair would put all of them away.
 * So before git is asked what is damaged, what it is told is put right.
 */
export async function mendFixedFiles({ gitDir, logger }: GitRepository): Promise<void> {
  for (const [name, text] of Object.entries(FIXED)) {
    const path = join(gitDir, name);
    const present = await readFile(path, 'utf8').catch(() => undefined);
    if (present === text) continue;
    logger.warn({ path, present }, 'A file of the checkpoint store was not as it was written, and is written anew');
    // Of a name that a sweep removes, should this be killed half-way.
    const draft = join(gitDir, `tmp_${name}_${randomBytes(8).toString('hex')}`);
    await writeFile(draft, text, { flush: true });
    await rename(draft, path);
    await fsyncPath(gitDir);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

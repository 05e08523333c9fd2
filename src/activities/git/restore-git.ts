import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { GitState, Manifest } from '../../domain/checkpoint.ts';
import type { RestorePlan } from '../../domain/rollback.ts';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { gitStage, stagedName } from './stage-git.ts';
import { fsyncPath } from '../../store/fsync-path.ts';
import { IN_PROGRESS, readState } from './read-git-state.ts';
import { openRepository } from './git-repository.ts';
import type { UserRepository } from './git-repository.ts';

/** What a restore does to the repository, complete in itself: it is written to the journal before it is done. */
export interface GitOrder {
  checkpointId: string;
  state: GitState;
  /** File names below the stage's `git` directory, oldest first. */
  packs: string[];
  index: string | null;
}

/** Files of a merge, rebase or the like: with force they are moved aside, never deleted. */
const MARKS = [...IN_PROGRESS, 'MERGE_MSG', 'MERGE_MODE', 'AUTO_MERGE'];

export function gitOrder(
  checkpointId: string,
  { state, blobs }: { state: GitState; blobs: NonNullable<Manifest['blobs']> },
): GitOrder {
  return {
    checkpointId,
    state,
    packs: (state.packs ?? []).map(({ blob }) => stagedName(blob)),
    index: 'git/index' in blobs ? stagedName('git/index') : null,
  };
}

const placeOf = ({ head, branch, stash, stagedSha256 }: GitState) => ({
  head,
  branch,
  stash: stash.length,
  ...(stagedSha256 === undefined ? {} : { stagedSha256 }),
});

/** Undefined when the repository stands where it was captured. */
export function planGit(captured: GitState, present: GitState | null): RestorePlan['git'] {
  if (present !== null && compareGit(captured, present, false).length === 0) return undefined;
  return { from: present && placeOf(present), to: placeOf(captured) };
}

/** Refuses before anything has changed. */
export async function requireRestorableGit(root: string, captured: GitState, force: boolean): Promise<void> {
  const repository = await openRepository(root);
  if (repository === null) {
    throw new RerailError(
      'git-missing',
      `${root} has no git repository to restore ${captured.head ?? 'a branch'} into`,
      {
        remedy: 'Clone it or run `git init` there, then restore again; or restore the files alone.',
        nonRetryable: true,
      },
    );
  }
  if (captured.packs === undefined && captured.head !== null) {
    throw new RerailError('git-missing', `The checkpoint of ${root} was taken without the commits of its repository`, {
      remedy: 'Restore the files alone; later checkpoints hold the commits.',
      nonRetryable: true,
    });
  }
  if (force) return;
  if ((await stat(join(repository.gitDir, 'index.lock')).catch(() => undefined)) !== undefined) {
    throw new RerailError('git-in-progress', `Another git command is at work in ${root}: it holds index.lock`, {
      remedy: 'Wait for it, or remove .git/index.lock when no git runs there; or use --force.',
    });
  }
}

/**
 * Brings objects, branch, HEAD, index and stash back, in this order: a kill in between leaves what was reachable
 * reachable. Done again, it does nothing new.
 */
export async function applyGit(root: string, stage: string, order: GitOrder): Promise<void> {
  const directory = gitStage(stage);
  // The stage goes only after all of this was done.
  if ((await stat(directory).catch(() => undefined)) === undefined) return;
  const repository = await openRepository(root);
  if (repository === null) {
    throw new RerailError('git-missing', `The git repository of ${root} is gone`, {
      remedy: 'Bring it back, then capture or restore there again, which finishes this restore.',
    });
  }
  const kept: string[] = [];
  for (const pack of order.packs) kept.push(await importPack(repository, join(directory, pack)));
  await moveMarksAside(repository, order.checkpointId);
  await moveHead(repository, order);
  if (order.index !== null) await replaceIndex(repository, join(directory, order.index));
  await replaceStash(repository, order.state.stash);
  // The restored files have other inodes than the index remembers.
  await repository.run(['update-index', '-q', '--refresh']);
  for (const file of kept) await rm(file, { force: true });
}

/** Returns the file that keeps the pack from being cleaned up until refs lead to it. */
async function importPack(repository: UserRepository, file: string): Promise<string> {
  const args = ['index-pack', '--stdin', '--keep=rerail', '--strict'];
  const running = repository.start(args);
  const chunks: Uint8Array[] = [];
  running.stdout.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  await pipeline(createReadStream(file), running.stdin).catch(() => undefined);
  const result = await running.ended;
  if (result.exitCode !== 0) throw repository.failed(args, result);
  const name = Buffer.concat(chunks).toString().trim().split('\t')[1] ?? '';
  return join(repository.gitDir, 'objects', 'pack', `pack-${name}.keep`);
}

async function moveMarksAside({ gitDir }: UserRepository, checkpointId: string): Promise<void> {
  const aside = join(gitDir, `rerail-aside-${checkpointId}`);
  for (const name of MARKS) {
    if ((await stat(join(gitDir, name)).catch(() => undefined)) === undefined) continue;
    await mkdir(aside, { recursive: true });
    await rename(join(gitDir, name), join(aside, name)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  }
}

async function moveHead(repository: UserRepository, { state, checkpointId }: GitOrder): Promise<void> {
  const { head, branch } = state;
  const message = `rerail: restore ${checkpointId}`;
  if (branch === null) {
    if (head !== null) await repository.must(['update-ref', '--no-deref', '-m', message, 'HEAD', head]);
    return;
  }
  const ref = `refs/heads/${branch}`;
  if (head !== null) await repository.must(['update-ref', '-m', message, ref, head]);
  await repository.must(['symbolic-ref', '-m', message, 'HEAD', ref]);
  // Captured before the first commit.
  if (head === null) await repository.must(['update-ref', '-d', ref]);
}

/** As git does it: a lock that nobody else can take, then a rename. A lock that holds our bytes is our own. */
async function replaceIndex({ gitDir, root }: UserRepository, file: string): Promise<void> {
  const lock = join(gitDir, 'index.lock');
  const wanted = await readFile(file);
  try {
    const handle = await open(lock, 'wx', 0o644);
    await handle.writeFile(wanted);
    await handle.sync();
    await handle.close();
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const present = await readFile(lock);
    if (!wanted.subarray(0, present.length).equals(present)) {
      throw new RerailError('git-in-progress', `Another git command is at work in ${root}: it holds index.lock`, {
        remedy: 'Wait for it, or remove .git/index.lock when no git runs there; the restore goes on by itself.',
      });
    }
    await copyFile(file, lock);
    await fsyncPath(lock);
  }
  await rename(lock, join(gitDir, 'index'));
  await fsyncPath(gitDir);
}

async function replaceStash(repository: UserRepository, wanted: readonly string[]): Promise<void> {
  const { stash } = await readState(repository);
  if (JSON.stringify(stash) === JSON.stringify(wanted)) return;
  await repository.must(['stash', 'clear']);
  for (const line of [...wanted].reverse()) {
    const space = line.indexOf(' ');
    await repository.must(['stash', 'store', '-m', line.slice(space + 1), line.slice(0, space)]);
  }
}

/** What of the repository is not as captured, one line each. `files`: whether the work tree was restored with it. */
export function compareGit(captured: GitState, present: GitState | null, files: boolean): string[] {
  if (present === null) return ['git repository is absent'];
  const mismatches: string[] = [];
  const same = (what: string, now: string | null, then: string | null): void => {
    if (now !== then) mismatches.push(`git ${what} is ${now ?? 'absent'}, captured ${then ?? 'absent'}`);
  };
  same('head', present.head, captured.head);
  same('branch', present.branch, captured.branch);
  same('stash', present.stash.join(', '), captured.stash.join(', '));
  if (captured.stagedSha256 !== undefined) same('index', present.stagedSha256 ?? null, captured.stagedSha256);
  if (files) same('status', present.changes.join('; '), captured.changes.join('; '));
  if (present.inProgress.length > 0) mismatches.push(`git is in the middle of ${present.inProgress.join(', ')}`);
  return mismatches;
}

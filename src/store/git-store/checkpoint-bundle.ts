import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { codeOf, isRerailError, messageOf } from '../../domain/errors.ts';
import { corrupt, idTaken, requireId, storedDamaged } from '../checkpoint-format.ts';
import type { PutResult } from '../checkpoint-store.ts';
import { damagedBundle } from '../damaged-bundle.ts';
import { digestFile } from '../digest-file.ts';
import type { FileDigest } from '../digest-file.ts';
import { fsyncPath } from '../fsync-path.ts';
import { readBundleHeader } from './bundle-header.ts';
import { requireSound } from './check-bundle.ts';
import type { SoundCheckpoint } from './check-bundle.ts';
import { findDamaged } from './check-objects.ts';
import { listRefs, listTree, refFileExists, refOf } from './checkpoint-refs.ts';
import { diskFull, gitFailed, runGit, startGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';
import { initRepository } from './init-repository.ts';
import { packDirectory } from './pack-files.ts';
import { requireReceipt } from './put-checkpoint.ts';
import { verifyCheckpoint } from './verify-checkpoint.ts';

/** The "there is none yet" of `git update-ref`. */
const NO_OBJECT = '0'.repeat(64);

/**
 * Writes one checkpoint, read back in full, as a git bundle that needs nothing else. The file is replaced when it is
 * there. Throws `checkpoint-not-found`, `checkpoint-corrupt`, `store-failed`, `disk-full`.
 */
export async function exportBundle(repository: GitRepository, id: string, file: string): Promise<FileDigest> {
  const problems = await verifyCheckpoint(repository, id, 'full');
  const [first] = problems;
  if (first !== undefined) {
    const items = problems.map(({ item }) => item);
    throw corrupt(id, items, first.problem);
  }
  const target = resolve(file);
  // Without a window git copies what is packed as it is, and looks for no similarities.
  const args = ['-c', 'pack.window=0', 'bundle', 'create', '--quiet', '--version=3', target, refOf(id)];
  await runGit(repository, args);
  await chmod(target, 0o600);
  await fsyncPath(target);
  await fsyncPath(dirname(target));
  return digestFile(target);
}

/**
 * Takes a checkpoint over from a bundle, which may be damaged or hostile: it is unpacked and judged in a repository of
 * its own, and only a sound one gets into the store. Answers as `put` did where the checkpoint was made. One that is
 * there and damaged is made good. Throws `checkpoint-corrupt`, `checkpoint-invalid` where the id is taken by another.
 */
export async function importBundle(repository: GitRepository, id: string, file: string): Promise<PutResult> {
  const { commit, packStart } = await readBundleHeader(file, requireId(id));
  const path = join(repository.path, `.new-import-${randomBytes(8).toString('hex')}`);
  const aside: GitRepository = { ...repository, path, gitDir: join(path, 'repository') };
  try {
    await initRepository(aside);
    const sound = await unpackAndJudge(aside, id, { file, packStart, commit });
    await repository.failpoint('import.before-adopt');
    return await adopt(repository, aside, id, commit, sound);
  } catch (error) {
    throw codeOf(error) === 'ENOSPC' ? diskFull(repository.path, messageOf(error)) : error;
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

interface BundleFile {
  file: string;
  packStart: number;
  commit: string;
}

async function unpackAndJudge(aside: GitRepository, id: string, bundle: BundleFile): Promise<SoundCheckpoint> {
  try {
    await unpack(aside, id, bundle);
    return await requireSound(aside, id, bundle.commit);
  } catch (error) {
    if (!isRerailError(error)) throw error;
    // What git says of these objects, and nobody else has touched, it says of the bundle.
    if (error.code === 'store-failed' && error.details['exitCode'] === 128)
      throw damagedBundle(id, String(error.details['stderr']).split('\n')[0] ?? '', error);
    throw error.details['items'] === undefined ? error : damagedBundle(id, error.message, error);
  }
}

async function unpack(aside: GitRepository, id: string, { file, packStart }: BundleFile): Promise<void> {
  const args = ['index-pack', '--strict', '--stdin'];
  const running = startGit(aside, args);
  const reply = text(running.stdout);
  const unsent = await pipeline(createReadStream(file, { start: packStart }), running.stdin).then(
    () => undefined,
    (error: Error) => error,
  );
  const result = await running.ended;
  // When git stops early, how it ended says why.
  const gitLeft = ['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(codeOf(unsent) ?? '');
  if (unsent !== undefined && !gitLeft) throw unsent;
  if (result.exitCode !== 0) throw gitFailed(aside, args, result);
  // git stops reading at the end of the pack, at times before the pipe knows that all was sent: only sizes say whether it
  // was the end of the file as well.
  const hash = /^pack\t([0-9a-f]{64})\n/.exec(await reply)?.[1];
  if (hash === undefined) throw damagedBundle(id, 'git names no pack in it');
  const [pack, whole] = await Promise.all([stat(join(packDirectory(aside), `pack-${hash}.pack`)), stat(file)]);
  if (pack.size !== whole.size - packStart) throw damagedBundle(id, 'there is more behind its end');
}

async function adopt(
  repository: GitRepository,
  aside: GitRepository,
  id: string,
  commit: string,
  { header, digests }: SoundCheckpoint,
): Promise<PutResult> {
  const { checksum, newBytes, durationMs } = header;
  const receipt: PutResult = { checksum, newBytes, durationMs };
  const present = (await listRefs(repository)).get(id);
  if (present !== commit && refFileExists(repository, id)) return requireSame(repository, id, receipt);
  if (present === commit && (await verifyCheckpoint(repository, id, 'full')).length === 0) return receipt;

  const shared = await listStored(repository, [...digests.keys()]);
  await movePacks(aside, repository);
  // The store may hold some of it already, in a state that nobody has looked at for long.
  await listTree(repository, id, commit);
  const bad = await findDamaged(repository, new Map([...digests].filter(([oid]) => shared.has(oid))));
  if (bad.size > 0) throw storedDamaged(id, [...bad.keys()], [...bad.values()][0] ?? '');
  await repository.failpoint('import.before-publish');
  if (present === commit) return receipt;
  try {
    await runGit(repository, ['update-ref', refOf(id), commit, NO_OBJECT]);
  } catch (error) {
    // Another process may have published the same id in the meantime.
    if (refFileExists(repository, id)) return requireSame(repository, id, receipt);
    throw error;
  }
  await fsyncPath(join(repository.gitDir, 'refs', 'checkpoints'));
  return receipt;
}

async function requireSame(repository: GitRepository, id: string, { checksum }: PutResult): Promise<PutResult> {
  const earlier = await requireReceipt(repository, id);
  if (earlier.checksum !== checksum) throw idTaken(id);
  return earlier;
}

async function listStored(repository: GitRepository, oids: readonly string[]): Promise<Set<string>> {
  const listed = await runGit(repository, ['cat-file', '--batch-check', '--buffer'], oids.join('\n') + '\n');
  const lines = listed.toString('latin1').split('\n');
  return new Set(oids.filter((_, index) => !lines[index]?.endsWith(' missing')));
}

/** The index last: without it git does not see the pack. A pack of the same name has, or had, the same bytes. */
async function movePacks(from: GitRepository, to: GitRepository): Promise<void> {
  const files = await readdir(packDirectory(from));
  const isIndex = (file: string): number => (file.endsWith('.idx') ? 1 : 0);
  files.sort((a, b) => isIndex(a) - isIndex(b));
  for (const file of files) await rename(join(packDirectory(from), file), join(packDirectory(to), file));
  await fsyncPath(packDirectory(to));
}

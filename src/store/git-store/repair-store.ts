import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { codeOf, isRerailError, messageOf } from '../../domain/errors.ts';
import type { QuarantinedPack } from '../checkpoint-store.ts';
import { fsyncPath } from '../fsync-path.ts';
import { diskFull, runGit, startGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';
import { mendFixedFiles } from './init-repository.ts';
import { directoryBytes, listIndexed, listPacks, listUnseenPacks, packDirectory } from './pack-files.ts';
import { readObjects } from './read-objects.ts';

const SUFFIXES = ['.idx', '.rev', '.pack'] as const;
/** How long a damaged pack is kept for whoever wants to look at it. */
const QUARANTINE_MS = 14 * 24 * 60 * 60 * 1000;

const quarantineDirectory = (repository: GitRepository): string => join(repository.path, 'quarantine');

/** True once a pack was ever quarantined: then lists of contents may name what is no longer there. */
export async function hasQuarantine(repository: GitRepository): Promise<boolean> {
  return (await stat(quarantineDirectory(repository)).catch(() => undefined)) !== undefined;
}

export interface DamagedPack {
  name: string;
  problem: string;
  /** It has no index: git does not see it. A sweep that was killed leaves such a pack, which nobody needs. */
  unseen: boolean;
}

/** Packs whose bytes or index are not what they were, with what git says of them. Reads everything once. */
export async function findDamagedPacks(repository: GitRepository): Promise<DamagedPack[]> {
  const damaged: DamagedPack[] = [];
  const unseen = new Set(await listUnseenPacks(repository));
  for (const name of await listPacks(repository)) {
    const index = join(packDirectory(repository), `${name}.idx`);
    const problem = await runGit(repository, ['verify-pack', index]).then(
      () => undefined,
      (error: unknown) => {
        // Killed before it could judge.
        if (isRerailError(error) && typeof error.details['signal'] === 'string') throw error;
        return messageOf(error);
      },
    );
    if (problem !== undefined) damaged.push({ name, problem, unseen: unseen.has(name) });
  }
  return damaged;
}

/**
 * Moves every damaged pack aside and puts a new one with all that is still good of it in its place. What is lost is then
 * missing rather than wrong, so that the next capture of the same content stores it anew and heals every checkpoint that
 * refers to it. Only under the exclusive lock. Killed at any point, the next repair goes on.
 */
export async function repairPacks(repository: GitRepository): Promise<QuarantinedPack[]> {
  await mendFixedFiles(repository);
  const quarantined: QuarantinedPack[] = [];
  for (const { name, problem } of await findDamagedPacks(repository)) {
    const rebuilt = await rebuildIndex(repository, name);
    if (rebuilt) {
      quarantined.push({ name, problem, lostObjects: 0 });
      continue;
    }
    const listed = await listIndexed(join(packDirectory(repository), `${name}.idx`)).catch(() => undefined);
    const lostObjects = listed === undefined ? null : await salvage(repository, name, listed);
    await repository.failpoint('repair.before-quarantine');
    const file = await quarantine(repository, name);
    if (listed === undefined) await unpack(repository, file);
    quarantined.push({ name, problem, lostObjects });
  }
  return quarantined;
}

/** The pack is whole and only its index is not: a new index is made from it. */
async function rebuildIndex(repository: GitRepository, name: string): Promise<boolean> {
  const directory = packDirectory(repository);
  const draft = join(directory, `tmp_index_${name}`);
  try {
    await runGit(repository, ['index-pack', '--strict', '-o', `${draft}.idx`, join(directory, `${name}.pack`)]);
  } catch (error) {
    if (codeOf(error) === 'disk-full') throw error;
    await Promise.all(['.idx', '.rev'].map((suffix) => rm(draft + suffix, { force: true })));
    return false;
  }
  await fsyncPath(`${draft}.idx`);
  await rm(join(directory, `${name}.rev`), { force: true });
  await rename(`${draft}.idx`, join(directory, `${name}.idx`));
  await rename(`${draft}.rev`, join(directory, `${name}.rev`)).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
  await fsyncPath(directory);
  return true;
}

/** Copies what can still be read into a pack of its own. Returns how many objects could not. */
async function salvage(repository: GitRepository, name: string, oids: readonly string[]): Promise<number> {
  await requireSpace(repository, join(packDirectory(repository), `${name}.pack`));
  const good: string[] = [];
  await readObjects(repository, oids, {
    async object({ oid, content }) {
      for await (const _chunk of content);
      good.push(oid);
    },
    damaged: () => undefined,
  });
  await packObjects(repository, good);
  return oids.length - good.length;
}

async function packObjects(repository: GitRepository, oids: readonly string[]): Promise<void> {
  if (oids.length === 0) return;
  const directory = packDirectory(repository);
  const args = ['pack-objects', '--quiet', '--window=0', '--no-reuse-object', join(directory, 'pack')];
  await runGit(repository, args, oids.join('\n') + '\n');
  await fsyncPath(directory);
}

/** Without a readable index only git's own walk through the pack is left; it goes as far as it can. */
async function unpack(repository: GitRepository, packFile: string): Promise<void> {
  const running = startGit(repository, ['unpack-objects', '-r', '-q']);
  await pipeline(createReadStream(packFile), running.stdin).catch(() => undefined);
  const { stderr } = await running.ended;
  if (stderr !== '') repository.logger.warn({ packFile, stderr }, 'A pack without an index was salvaged in part');
  const objects = join(repository.gitDir, 'objects');
  const loose: { oid: string; file: string }[] = [];
  for (const folder of await readdir(objects)) {
    if (!/^[0-9a-f]{2}$/.test(folder)) continue;
    for (const rest of await readdir(join(objects, folder)))
      if (/^[0-9a-f]{62}$/.test(rest)) loose.push({ oid: folder + rest, file: join(objects, folder, rest) });
  }
  await packObjects(
    repository,
    loose.map(({ oid }) => oid),
  );
  for (const { file } of loose) await rm(file, { force: true });
}

/** Returns where the pack is now. */
async function quarantine(repository: GitRepository, name: string): Promise<string> {
  const directory = packDirectory(repository);
  const target = join(quarantineDirectory(repository), `${new Date().toISOString().replaceAll(':', '-')}-${name}`);
  await mkdir(target, { recursive: true, mode: 0o700 });
  // The index first: without it git does not see the pack.
  for (const suffix of SUFFIXES)
    await rename(join(directory, name + suffix), join(target, name + suffix)).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error;
    });
  await fsyncPath(target);
  await fsyncPath(directory);
  return join(target, `${name}.pack`);
}

export async function countQuarantine(repository: GitRepository): Promise<number> {
  const directory = quarantineDirectory(repository);
  let bytes = 0;
  for (const name of await readdir(directory).catch(() => [])) bytes += await directoryBytes(join(directory, name));
  return bytes;
}

/** Damaged packs that nobody has looked at for two weeks go. Returns the bytes freed. */
export async function emptyQuarantine(repository: GitRepository, now: number): Promise<number> {
  const directory = quarantineDirectory(repository);
  let freed = 0;
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    if (now - (await stat(path)).mtimeMs < QUARANTINE_MS) continue;
    freed += await directoryBytes(path);
    await rm(path, { recursive: true, force: true });
  }
  return freed;
}

async function requireSpace(repository: GitRepository, pack: string): Promise<void> {
  const [{ size }, { bavail, bsize }] = await Promise.all([stat(pack), statfs(repository.path)]);
  if (size > bavail * bsize) throw diskFull(repository.path, `a repair needs ${String(size)} bytes`);
}

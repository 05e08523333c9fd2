import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import type { GitRepository } from './git-command.ts';

export const packDirectory = (repository: GitRepository): string => join(repository.gitDir, 'objects', 'pack');

/** Names without their suffix, as `pack-<64 digits>`; one whose index is missing as well. */
export async function listPacks(repository: GitRepository): Promise<string[]> {
  const files = await readdir(packDirectory(repository));
  return files.filter((file) => /^pack-[0-9a-f]+\.pack$/.test(file)).map((file) => file.slice(0, -'.pack'.length));
}

/** Packs without an index, which git does not see. Only under the exclusive lock: a writer's pack comes before its index. */
export async function listUnseenPacks(repository: GitRepository): Promise<string[]> {
  const files = new Set(await readdir(packDirectory(repository)));
  return (await listPacks(repository)).filter((name) => !files.has(`${name}.idx`));
}

/**
 * Version 2 of git's pack index: 8 bytes of header, 256 running totals, the sorted object ids, and at the end the SHA-256
 * of all that. Throws `store-failed` for one that is damaged.
 */
export async function listIndexed(indexFile: string): Promise<string[]> {
  const index = await readFile(indexFile);
  const sum = createHash('sha256').update(index.subarray(0, -32)).digest();
  if (!sum.equals(index.subarray(-32))) {
    throw new RerailError('store-failed', `the index ${indexFile} is damaged`, {
      remedy: 'Repair the store with `rerail checkpoint repair`.',
    });
  }
  const count = index.readUInt32BE(8 + 255 * 4);
  return Array.from({ length: count }, (_, at) => index.toString('hex', 1032 + at * 32, 1064 + at * 32));
}

/** The index first: without it git does not see the pack. */
export async function removePack(repository: GitRepository, name: string): Promise<void> {
  const directory = packDirectory(repository);
  await rm(join(directory, `${name}.idx`), { force: true });
  await repository.failpoint('sweep.index-removed');
  for (const suffix of ['.rev', '.pack']) await rm(join(directory, name + suffix), { force: true });
}

export async function directoryBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory))
    bytes += (await stat(join(directory, name)).catch(() => ({ size: 0 }))).size;
  return bytes;
}

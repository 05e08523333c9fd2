import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../domain/errors.ts';
import { corrupt } from '../checkpoint-format.ts';
import { fsyncPath } from '../fsync-path.ts';
import { listDamagedRefs, listRefs } from './checkpoint-refs.ts';
import { runGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';
import { mendFixedFiles } from './init-repository.ts';
import { directoryBytes, listIndexed, listUnseenPacks, packDirectory, removePack } from './pack-files.ts';
import { removeLeftovers } from './remove-leftovers.ts';
import { emptyQuarantine } from './repair-store.ts';

/** More packs than this make every look-up slower; the small ones are then joined. */
const MANY_PACKS = 50;
const SMALL_PACK_BYTES = 4 * 1024 * 1024;

interface Pack {
  name: string;
  bytes: number;
  live: string[];
  dead: number;
}

/**
 * Frees what no checkpoint refers to. Only under the exclusive lock. git makes the new pack and this process removes the
 * old ones: were `git gc` to do both, it would go on removing after the death of the process that holds the lock.
 */
export async function sweepObjects(repository: GitRepository): Promise<number> {
  await mendFixedFiles(repository);
  const directory = packDirectory(repository);
  const leftovers = (await removeLeftovers(repository)) + (await emptyQuarantine(repository, Date.now()));
  const bytesBefore = await directoryBytes(directory);
  const refs = await listRefs(repository);
  const packs = await readPacks(repository, directory, refs);
  const unseen = await listUnseenPacks(repository);
  const joins = packs.length > MANY_PACKS;
  const gone = packs.filter(({ live }) => live.length === 0);
  const mixed = packs.filter(
    ({ live, dead, bytes }) => live.length > 0 && (dead > 0 || (joins && bytes < SMALL_PACK_BYTES)),
  );
  const made = await repack(repository, directory, packs, mixed);
  if (made !== undefined) gone.push(...mixed.filter(({ name }) => name !== made));
  await repository.failpoint('sweep.before-remove');
  const after = await listRefs(repository);
  // A writer that outlived its lock has published meanwhile: what it refers to must stay.
  if ([...after].some(([id, commit]) => refs.get(id) !== commit)) return leftovers;
  // All that is referred to has been found elsewhere.
  for (const name of unseen) await removePack(repository, name);
  for (const { name } of gone) await removePack(repository, name);
  await fsyncPath(directory);
  return leftovers + Math.max(0, bytesBefore - (await directoryBytes(directory)));
}

async function listReachable(repository: GitRepository, from: string): Promise<string[]> {
  const text = await runGit(repository, ['rev-list', '--objects', '--no-object-names', from]);
  return text.toString('latin1').split('\n');
}

/** Nothing goes while a checkpoint cannot tell what it needs: a repair may still find it. */
async function refuseDamaged(
  repository: GitRepository,
  refs: ReadonlyMap<string, string>,
  cause: unknown,
): Promise<never> {
  for (const [id, commit] of refs) {
    await listReachable(repository, commit).catch((error: unknown) => {
      throw corrupt(id, ['tree'], 'nothing was swept, since it cannot be told what it needs', error);
    });
  }
  throw cause;
}

async function readPacks(
  repository: GitRepository,
  directory: string,
  refs: ReadonlyMap<string, string>,
): Promise<Pack[]> {
  const [damaged] = await listDamagedRefs(repository);
  if (damaged !== undefined)
    throw corrupt(damaged, ['ref'], 'nothing was swept, since it cannot be told what it needs');
  const found = await listReachable(repository, '--all').catch((error: unknown) =>
    refuseDamaged(repository, refs, error),
  );
  const reachable = new Set(found);
  // A deletion needs no lock: what is gone meanwhile counts for nothing.
  const present = await listRefs(repository);
  for (const [id, commit] of refs)
    if (present.get(id) === commit && !reachable.has(commit))
      throw corrupt(id, ['ref'], 'nothing was swept, since git does not follow it');
  const packs: Pack[] = [];
  for (const file of await readdir(directory)) {
    if (!file.endsWith('.idx')) continue;
    const name = file.slice(0, -4);
    const oids = await listIndexed(join(directory, file));
    const live = oids.filter((oid) => reachable.has(oid));
    const { size } = await stat(join(directory, `${name}.pack`));
    packs.push({ name, bytes: size, live, dead: oids.length - live.length });
  }
  return packs;
}

/** Name of the new pack with what is alive in the mixed ones, undefined when none was made and they must stay. */
async function repack(
  repository: GitRepository,
  directory: string,
  packs: Pack[],
  mixed: Pack[],
): Promise<string | undefined> {
  if (mixed.length === 0) return undefined;
  const kept = new Set(packs.filter((pack) => !mixed.includes(pack)).flatMap(({ live }) => live));
  const moving = [...new Set(mixed.flatMap(({ live }) => live))].filter((oid) => !kept.has(oid));
  if (moving.length === 0) return '';
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < mixed.reduce((sum, { bytes }) => sum + bytes, 0)) {
    repository.logger.warn(
      { store: repository.path },
      'Too little free space to rewrite packs: their unused content stays',
    );
    return undefined;
  }
  try {
    const made = await runGit(
      repository,
      ['pack-objects', '--quiet', '--window=0', join(directory, 'pack')],
      moving.join('\n') + '\n',
    );
    return `pack-${made.toString().trim()}`;
  } catch (error) {
    repository.logger.warn(
      { store: repository.path, problem: messageOf(error) },
      'A pack cannot be rewritten: its unused content stays',
    );
    return undefined;
  }
}

/** git counts what is reachable from these checkpoints and from no other. */
export async function countExclusive(repository: GitRepository, ids: readonly string[]): Promise<number> {
  const refs = await listRefs(repository);
  const going = [...refs].filter(([id]) => ids.includes(id)).map(([, commit]) => commit);
  const staying = [...refs].filter(([id]) => !ids.includes(id)).map(([, commit]) => `^${commit}`);
  if (going.length === 0) return 0;
  // Aggressive: checkpoints have no parents, so that git must mark what the others hold tree by tree.
  const args = ['rev-list', '--objects-edge-aggressive', '--disk-usage', '--stdin'];
  const text = await runGit(repository, args, [...going, ...staying, ''].join('\n'));
  return Number(text.toString('latin1').trim().split('\n').at(-1) ?? 0);
}

import { isRerailError, messageOf } from '../../domain/errors.ts';
import type { Manifest } from '../../domain/checkpoint.ts';
import { contentSizes, itemsByDigest } from '../checkpoint-format.ts';
import type { StoreProblem, VerifyLevel } from '../checkpoint-store.ts';
import { findAbsent, findDamaged } from './check-objects.ts';
import { contentPath, listDamagedRefs, listRefs, listTree, openManifest, partPath } from './checkpoint-refs.ts';
import type { GitRepository } from './git-command.ts';
import { findDamagedPacks } from './repair-store.ts';

export async function verifyCheckpoint(
  repository: GitRepository,
  id: string,
  level: VerifyLevel,
): Promise<StoreProblem[]> {
  let opened: Awaited<ReturnType<typeof openManifest>>;
  let tree: Map<string, string>;
  try {
    opened = await openManifest(repository, id);
    tree = await listTree(repository, id, opened.commit);
  } catch (error) {
    if (!isRerailError(error) || error.code !== 'checkpoint-corrupt') throw error;
    return [
      {
        checkpointId: id,
        item: String((error.details['items'] as string[] | undefined)?.[0] ?? 'checkpoint'),
        problem: messageOf(error),
      },
    ];
  }
  const { manifest } = opened;
  const sizes = contentSizes(manifest);
  const bad = await findAbsent(repository, sizes, (digest) => tree.get(contentPath(digest)));
  const damaged = await findDamaged(repository, expectedObjects(manifest, tree, level, bad));
  for (const [digest, why] of damaged) bad.set(digest, why);
  const items = itemsByDigest(manifest);
  return [...bad].flatMap(([digest, problem]) =>
    (items.get(digest) ?? [digest]).map((item) => ({ checkpointId: id, item, problem })),
  );
}

/** What each checkpoint has lost. */
export async function findLosses(repository: GitRepository, level: VerifyLevel = 'quick'): Promise<StoreProblem[]> {
  const refs = await listDamagedRefs(repository);
  const problems = refs.map((id) => ({ checkpointId: id, item: 'ref', problem: 'it names no object' }));
  for (const id of (await listRefs(repository)).keys())
    problems.push(...(await verifyCheckpoint(repository, id, level)));
  return problems;
}

/** Damaged files of the store first, as of no checkpoint, then what that means for each of them. */
export async function checkStore(repository: GitRepository): Promise<StoreProblem[]> {
  const packs = await findDamagedPacks(repository);
  const seen = packs.filter(({ unseen }) => !unseen);
  const losses = await findLosses(repository, seen.length > 0 ? 'full' : 'quick');
  // A pack without an index matters only where something is missing, which a repair may find in it.
  const counted = losses.length > 0 ? packs : seen;
  return [...counted.map(({ name, problem }) => ({ checkpointId: '', item: name, problem })), ...losses];
}

/** Digest by object id of what this level reads: the parts always, the files when it is `full`. */
function expectedObjects(
  manifest: Manifest,
  tree: ReadonlyMap<string, string>,
  level: VerifyLevel,
  bad: Map<string, string>,
): Map<string, string> {
  const expected = new Map<string, string>();
  for (const [name, { sha256 }] of Object.entries(manifest.parts)) {
    const oid = tree.get(partPath(name));
    if (oid === undefined) bad.set(sha256, 'it is not in the tree');
    else expected.set(oid, sha256);
  }
  if (level === 'quick') return expected;
  for (const digest of contentSizes(manifest).keys()) {
    const oid = tree.get(contentPath(digest));
    if (oid !== undefined && !bad.has(digest)) expected.set(oid, digest);
  }
  return expected;
}

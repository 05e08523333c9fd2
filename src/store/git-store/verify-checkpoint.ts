import { isRerailError, messageOf } from '../../domain/errors.ts';
import type { Manifest } from '../../domain/checkpoint.ts';
import { contentSizes } from '../checkpoint-format.ts';
import type { StoreProblem, VerifyLevel } from '../checkpoint-store.ts';
import { findAbsent, findDamaged } from './check-objects.ts';
import { contentPath, listTree, openManifest, partPath } from './checkpoint-refs.ts';
import type { GitRepository } from './git-command.ts';

/** Every path that a damaged content makes unrestorable. */
function itemsOf(manifest: Manifest): Map<string, string[]> {
  const items = new Map<string, string[]>();
  for (const entry of manifest.files ?? []) {
    if (entry.type !== 'file') continue;
    const paths = items.get(entry.sha256);
    if (paths === undefined) items.set(entry.sha256, [entry.path]);
    else paths.push(entry.path);
  }
  for (const [name, { sha256 }] of Object.entries(manifest.parts))
    items.set(sha256, [...(items.get(sha256) ?? []), `part ${name}`]);
  return items;
}

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
  const items = itemsOf(manifest);
  return [...bad].flatMap(([digest, problem]) =>
    (items.get(digest) ?? [digest]).map((item) => ({ checkpointId: id, item, problem })),
  );
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

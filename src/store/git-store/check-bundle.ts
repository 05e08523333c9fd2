import { dirname } from 'node:path';
import { contentSizes, corrupt } from '../checkpoint-format.ts';
import { damagedBundle } from '../damaged-bundle.ts';
import { findAbsent, findDamaged } from './check-objects.ts';
import { contentPath, openManifest, partPath, refOf } from './checkpoint-refs.ts';
import type { CheckpointHeader, OpenedCheckpoint } from './checkpoint-refs.ts';
import { runGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';
import { readSmallObjects } from './read-objects.ts';

/** What is held in memory whole must have a limit, since the sender chooses it. A million files need 150 MB. */
const MAX_COMMIT_BYTES = 64 * 1024;
const MAX_MANIFEST_BYTES = 400 * 1024 * 1024;
/** As put writes it: no parents and nothing else besides. */
const COMMIT = /^tree [0-9a-f]{64}\nauthor [^\n]+\ncommitter [^\n]+\n\n/;

export interface SoundCheckpoint {
  header: CheckpointHeader;
  /** SHA-256 of every object's bytes by its object id. */
  digests: Map<string, string>;
}

/**
 * Judges a checkpoint that somebody else has sent, in a repository of its own. All of its bytes are read and compared
 * with its manifest, and it may hold nothing besides: later checkpoints trust the digests that its tree uses as names.
 * Throws `checkpoint-corrupt`.
 */
export async function requireSound(aside: GitRepository, id: string, commit: string): Promise<SoundCheckpoint> {
  await requireModestSize(aside, id, commit);
  await runGit(aside, ['update-ref', refOf(id), commit]);
  const opened = await openManifest(aside, id);
  const { header, manifest } = opened;
  await requirePlainCommit(aside, opened);
  if (manifest.info.id !== id) throw damagedBundle(id, `its manifest is that of ${manifest.info.id}`);
  if (manifest.createdAt !== header.createdAt) throw damagedBundle(id, 'header and manifest differ in their time');

  const sizes = contentSizes(manifest);
  const paths = new Map([['manifest.json', header.checksum]]);
  for (const [name, { sha256 }] of Object.entries(manifest.parts)) paths.set(partPath(name), sha256);
  for (const digest of sizes.keys()) paths.set(contentPath(digest), digest);
  const tree = await listExactTree(aside, id, commit, paths);

  const bad = await findAbsent(aside, sizes, (digest) => tree.get(contentPath(digest)));
  const digests = new Map([...tree].map(([path, oid]) => [oid, paths.get(path) ?? '']));
  for (const [digest, why] of await findDamaged(aside, digests)) bad.set(digest, why);
  if (bad.size > 0) throw corrupt(id, [...bad.keys()], [...bad.values()][0] ?? '');
  return { header, digests };
}

async function requireModestSize(aside: GitRepository, id: string, commit: string): Promise<void> {
  const text = await runGit(aside, ['cat-file', '--batch-check'], `${commit}\n${commit}:manifest.json\n`);
  const [header, manifest] = text.toString('latin1').split('\n');
  const sizeOf = (line: string | undefined, type: string): number =>
    Number(new RegExp(`^[0-9a-f]{64} ${type} (\\d+)$`).exec(line ?? '')?.[1] ?? Infinity);
  if (sizeOf(header, 'commit') > MAX_COMMIT_BYTES) throw damagedBundle(id, 'its header is missing or too large');
  if (sizeOf(manifest, 'blob') > MAX_MANIFEST_BYTES) throw damagedBundle(id, 'its manifest is missing or too large');
}

async function requirePlainCommit(aside: GitRepository, { id, commit }: OpenedCheckpoint): Promise<void> {
  const found = (await readSmallObjects(aside, [commit])).get(commit);
  if (found === undefined || 'problem' in found || !COMMIT.test(found.bytes.toString('latin1')))
    throw damagedBundle(id, 'its commit is not of the form that a checkpoint has');
}

/** Object ids by path, of plain files, and exactly those that are expected. */
async function listExactTree(
  aside: GitRepository,
  id: string,
  commit: string,
  expected: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const folders = new Set([...expected.keys()].flatMap((path) => [dirname(path), dirname(dirname(path))]));
  const tree = new Map<string, string>();
  const text = await runGit(aside, ['ls-tree', '-r', '-t', '-z', commit]);
  for (const line of text.toString('latin1').split('\0')) {
    if (line === '') continue;
    const [, mode = '', oid = '', path = ''] = /^(\d+) \w+ ([0-9a-f]{64})\t([^]*)$/.exec(line) ?? [];
    const isFolder = mode === '040000' && folders.has(path);
    if (!isFolder && !(mode === '100644' && expected.has(path)))
      throw damagedBundle(id, `it holds ${JSON.stringify(path)}, which its manifest does not name`);
    if (!isFolder) tree.set(path, oid);
  }
  for (const path of expected.keys()) if (!tree.has(path)) throw corrupt(id, [path], 'it is not in the tree');
  return tree;
}

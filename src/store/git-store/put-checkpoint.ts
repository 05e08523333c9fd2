import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { contentAbsent, encodeDraft, idTaken, storedDamaged } from '../checkpoint-format.ts';
import type { EncodedDraft } from '../checkpoint-format.ts';
import type { CheckpointDraft, ContentSource, PutResult } from '../checkpoint-store.ts';
import { fsyncPath } from '../fsync-path.ts';
import { contentPath, listTree, openCheckpoint, partPath, refFileExists, refOf } from './checkpoint-refs.ts';
import type { CheckpointHeader } from './checkpoint-refs.ts';
import type { ContentIndex } from './content-index.ts';
import { runGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';
import { importCheckpoint } from './import-checkpoint.ts';
import { findAbsent, findDamaged } from './check-objects.ts';
import { sha256 } from '../../process/digests.ts';

/** How much stored content of a new checkpoint is read again at its making; the scrub reads the rest. */
const SAMPLE_COUNT = 64;
const SAMPLE_BYTES = 8 * 1024 * 1024;
const LISTED_FROM = 200;

const answer = ({ checksum, newBytes, durationMs }: CheckpointHeader): PutResult => ({
  checksum,
  newBytes,
  durationMs,
});

export async function putCheckpoint(
  repository: GitRepository,
  index: ContentIndex,
  draft: CheckpointDraft,
): Promise<PutResult> {
  const startedAt = performance.now();
  const encoded = encodeDraft(draft);
  if (refFileExists(repository, encoded.id)) return sameAs(encoded, await requireReceipt(repository, encoded.id));

  const stored = await index.refresh();
  const reused = new Map<string, string>();
  const added = new Map<string, { size: number; open: ContentSource }>();
  const absent: string[] = [];
  for (const [digest, size] of encoded.sizes) {
    const oid = stored.get(digest);
    const source = draft.content.get(digest);
    if (oid !== undefined) reused.set(digest, oid);
    else if (source === undefined) absent.push(digest);
    else added.set(digest, { size, open: source.open });
  }
  if (absent.length > 0) throw contentAbsent(encoded.id, absent);

  const newBytes = [...added.values()].reduce((sum, { size }) => sum + size, 0);
  const header: CheckpointHeader = {
    version: 1,
    checksum: encoded.checksum,
    createdAt: draft.manifest.createdAt,
    newBytes,
    durationMs: 0,
  };
  const finish = (): CheckpointHeader => {
    header.durationMs = Math.round((draft.elapsedMs ?? 0) + performance.now() - startedAt);
    return header;
  };
  const ref = `refs/staging/${encoded.id}-${randomBytes(6).toString('hex')}`;
  let commit: string | undefined;
  try {
    const imported = await importCheckpoint(repository, {
      draft: encoded,
      ref,
      createdAt: draft.manifest.createdAt,
      added,
      reused,
      header: finish,
    });
    commit = imported.commit;
    await repository.failpoint('put.before-read-back');
    await readBack(repository, encoded, commit, new Set(added.keys()));
    await fsyncPath(join(repository.gitDir, 'objects', 'pack'));
    await repository.failpoint('put.before-publish');
    await publish(repository, encoded.id, ref, commit);
    await index.record(encoded.id, commit, new Map([...reused, ...imported.oids]));
    return answer(header);
  } catch (error) {
    if (commit !== undefined) await runGit(repository, ['update-ref', '-d', ref]).catch(() => undefined);
    // Another process may have published the same id in the meantime.
    if (refFileExists(repository, encoded.id)) return sameAs(encoded, await requireReceipt(repository, encoded.id));
    throw error;
  }
}

/** What `put` answered when the checkpoint was made. */
export async function requireReceipt(repository: GitRepository, id: string): Promise<PutResult> {
  return answer((await openCheckpoint(repository, id)).header);
}

function sameAs({ id, checksum }: EncodedDraft, earlier: PutResult): PutResult {
  if (earlier.checksum !== checksum) throw idTaken(id);
  return earlier;
}

/** Create-only: git refuses when the id is taken. */
async function publish(repository: GitRepository, id: string, staged: string, commit: string): Promise<void> {
  const orders = ['start', `create ${refOf(id)} ${commit}`, `delete ${staged} ${commit}`, 'prepare', 'commit', ''];
  await runGit(repository, ['update-ref', '--stdin'], orders.join('\n'));
  await fsyncPath(join(repository.gitDir, 'refs', 'checkpoints'));
  await repository.failpoint('put.after-publish');
}

/**
 * git answers "stored" for content it has already, even when a bit of that has flipped since. So before a checkpoint
 * counts, all that is new is read back, and of what is reused the presence and size of all and the bytes of a sample.
 */
async function readBack(
  repository: GitRepository,
  draft: EncodedDraft,
  commit: string,
  added: ReadonlySet<string>,
): Promise<void> {
  // By path git finds a few at once; for many one list of the tree is faster.
  const tree = draft.sizes.size > LISTED_FROM ? await listTree(repository, draft.id, commit) : undefined;
  const nameOf = (path: string): string =>
    tree === undefined ? `${commit}:${path}` : (tree.get(path) ?? `${commit}:${path}`);
  const expected = new Map<string, string>([[nameOf('manifest.json'), draft.checksum]]);
  for (const [name, text] of draft.partTexts) expected.set(nameOf(partPath(name)), sha256(text));
  const read = new Set([...added, ...sample(draft.sizes, added)]);
  for (const digest of read) expected.set(nameOf(contentPath(digest)), digest);
  const unread = new Map([...draft.sizes].filter(([digest]) => !read.has(digest)));
  const [absent, bad] = await Promise.all([
    findAbsent(repository, unread, (digest) => nameOf(contentPath(digest))),
    findDamaged(repository, expected),
  ]);
  for (const [digest, why] of absent) bad.set(digest, why);
  if (bad.size > 0) throw storedDamaged(draft.id, [...bad.keys()], [...bad.values()][0] ?? '');
}

/** All that is reused when it is little, else a random choice of it. */
function sample(sizes: ReadonlyMap<string, number>, added: ReadonlySet<string>): string[] {
  const reused = [...sizes].filter(([digest]) => !added.has(digest));
  const chosen: string[] = [];
  let bytes = 0;
  while (reused.length > 0 && chosen.length < SAMPLE_COUNT && bytes < SAMPLE_BYTES) {
    const at = Math.floor(Math.random() * reused.length);
    const [digest, size] = reused[at] ?? ['', 0];
    reused[at] = reused[reused.length - 1] ?? ['', 0];
    reused.pop();
    bytes += size;
    chosen.push(digest);
  }
  return chosen;
}

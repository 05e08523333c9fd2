import { createHash } from 'node:crypto';
import { rm, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Json } from '../../domain/canonical-json.ts';
import { codeOf, messageOf } from '../../domain/errors.ts';
import { createFileLocks } from '../../process/file-locks.ts';
import { corrupt, decodeManifest, isStoredDamaged, requireId } from '../checkpoint-format.ts';
import type { CheckpointStore } from '../checkpoint-store.ts';
import { exportBundle, importBundle } from './checkpoint-bundle.ts';
import {
  contentPath,
  listDamagedRefs,
  listRefs,
  listTree,
  openCheckpoint,
  openManifest,
  parseHeader,
  partPath,
  refOf,
  type CheckpointHeader,
} from './checkpoint-refs.ts';
import { createContentIndex } from './content-index.ts';
import { diskFull, runGit } from './git-command.ts';
import type { GitRepository, StoreLogger } from './git-command.ts';
import { initRepository } from './init-repository.ts';
import { directoryBytes, packDirectory } from './pack-files.ts';
import { putCheckpoint, requireReceipt } from './put-checkpoint.ts';
import { readObjects, readSmallObjects } from './read-objects.ts';
import { removeLeftovers } from './remove-leftovers.ts';
import { countQuarantine, repairPacks } from './repair-store.ts';
import { countExclusive, sweepObjects } from './sweep-objects.ts';
import { checkStore, findLosses, verifyCheckpoint } from './verify-checkpoint.ts';
import { sha256 } from '../../process/digests.ts';

export interface GitStoreOptions {
  /** A directory of its own; made when missing. */
  path: string;
  logger?: StoreLogger;
  failpoint?: (name: string) => void | Promise<void>;
}

/** Checkpoints in a private git repository, which is used as an object database and never sees a work tree. */
export async function createGitStore(options: GitStoreOptions): Promise<CheckpointStore> {
  const path = resolve(options.path);
  const repository: GitRepository = {
    path,
    gitDir: join(path, 'repository'),
    logger: options.logger ?? { warn: () => undefined },
    failpoint: options.failpoint ?? (() => undefined),
  };
  await initRepository(repository).catch((error: unknown) => {
    throw codeOf(error) === 'ENOSPC' ? diskFull(path, messageOf(error)) : error;
  });
  const locks = createFileLocks(join(path, 'locks'));
  await locks.whenAlone(() => removeLeftovers(repository));
  const index = createContentIndex(repository);
  /** By commit, as they were read once; a commit never changes, and whether it can still be read is for `verify` to say. */
  const headers = new Map<string, CheckpointHeader>();
  const repair = async () => {
    index.reset();
    const quarantined = await locks.exclusive(() => repairPacks(repository));
    index.reset();
    return quarantined;
  };

  return {
    async put(draft) {
      const attempt = () => locks.shared(() => putCheckpoint(repository, index, draft));
      try {
        return await attempt().catch(async (error: unknown) => {
          if (!isStoredDamaged(error)) throw error;
          // What older checkpoints share with this one has rotted: it is taken out, and this capture stores it anew.
          await repair();
          return attempt();
        });
      } catch (error) {
        // A full disk is full of what the failed writer left.
        await locks.whenAlone(() => removeLeftovers(repository));
        throw codeOf(error) === 'ENOSPC' ? diskFull(path, messageOf(error)) : error;
      }
    },
    async has(id) {
      return (await listRefs(repository)).has(requireId(id));
    },
    receipt: (id) => requireReceipt(repository, id),
    async hasContent(digests) {
      const stored = await index.refresh();
      return new Set(digests.filter((digest) => stored.has(digest)));
    },
    async manifest(id) {
      return (await openManifest(repository, id)).manifest;
    },
    async part(id, name) {
      const path = partPath(name);
      const { header, files } = await openCheckpoint(repository, id, ['manifest.json', path]);
      const expected = decodeManifest(id, files.get('manifest.json')?.toString('utf8') ?? '', header.checksum).parts[
        name
      ];
      const text = files.get(path) ?? Buffer.alloc(0);
      if (expected === undefined || sha256(text) !== expected.sha256)
        throw corrupt(id, [`part ${name}`], 'its SHA-256 differs');
      return JSON.parse(text.toString('utf8')) as Json;
    },
    readContent: (id, digests, sink) => readContent(repository, id, digests, sink),
    async list() {
      const refs = await listRefs(repository);
      const oids = new Set(refs.values());
      for (const oid of headers.keys()) if (!oids.has(oid)) headers.delete(oid);
      const unread = [...oids].filter((oid) => !headers.has(oid));
      if (unread.length > 0)
        for (const [oid, commit] of await readSmallObjects(repository, unread)) {
          const header = 'problem' in commit ? undefined : parseHeader(commit.bytes);
          if (header) headers.set(oid, header);
        }
      const listed = [...refs].map(([id, oid]) => {
        const { checksum = '', createdAt = '' } = headers.get(oid) ?? {};
        return { id, checksum, createdAt };
      });
      return listed.sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    verify: (id, level) => verifyCheckpoint(repository, id, level),
    exportBundle: (id, file) => locks.shared(() => exportBundle(repository, id, file)),
    importBundle: (id, file) =>
      locks
        .shared(() => importBundle(repository, id, file))
        .finally(() => {
          index.reset();
        }),
    check: () => checkStore(repository),
    async repair() {
      const quarantined = await repair();
      return { quarantined, problems: await findLosses(repository) };
    },
    exclusiveBytes: (ids) => countExclusive(repository, ids),
    async delete(ids) {
      const present = await listRefs(repository);
      const orders = [...new Set(ids)].flatMap((id) =>
        present.has(id) ? [`delete ${refOf(id)} ${present.get(id) ?? ''}`] : [],
      );
      if (orders.length > 0)
        await runGit(repository, ['update-ref', '--stdin'], ['start', ...orders, 'prepare', 'commit', ''].join('\n'));
      // git refuses to delete what it cannot read.
      const damaged = await listDamagedRefs(repository);
      for (const id of ids) if (damaged.includes(id)) await rm(join(repository.gitDir, refOf(id)), { force: true });
      index.reset();
    },
    async sweep() {
      index.reset();
      return { freedBytes: await locks.exclusive(() => sweepObjects(repository)) };
    },
    async usage() {
      const { bavail, bsize } = await statfs(path);
      const [refs, bytes, quarantinedBytes] = await Promise.all([
        listRefs(repository),
        directoryBytes(packDirectory(repository)),
        countQuarantine(repository),
      ]);
      return { checkpoints: refs.size, bytes: bytes + quarantinedBytes, quarantinedBytes, freeBytes: bavail * bsize };
    },
    close: () => Promise.resolve(),
  };
}

async function readContent(
  repository: GitRepository,
  id: string,
  digests: readonly string[],
  sink: (digest: string, content: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  if (digests.length === 0) return;
  const { commit } = await openCheckpoint(repository, id);
  const tree = await listTree(repository, id, commit);
  const wanted = new Map<string, string>();
  for (const digest of digests) {
    const oid = tree.get(contentPath(digest));
    if (oid === undefined) throw corrupt(id, [digest], 'its content is not in the tree');
    wanted.set(oid, digest);
  }
  async function* checked(digest: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    for await (const chunk of content) {
      hash.update(chunk);
      yield chunk;
    }
    if (hash.digest('hex') !== digest) throw corrupt(id, [digest], 'its SHA-256 differs');
  }
  await readObjects(repository, [...wanted.keys()], {
    object: ({ name, content }) => sink(wanted.get(name) ?? '', checked(wanted.get(name) ?? '', content)),
    damaged(name, why) {
      throw corrupt(id, [wanted.get(name) ?? name], why);
    },
  });
}

import { join } from 'node:path';
import { isRerailError, RerailError } from '../../domain/errors.ts';
import { requireId } from '../checkpoint-format.ts';
import type { CheckpointStore, PutResult } from '../checkpoint-store.ts';
import { withTemporaryDirectory } from '../temporary-directory.ts';
import type { Replica, ReplicaObject } from './replica.ts';

export interface ReplicaReceipt {
  key: string;
  /** Of the bundle. */
  sha256: string;
  /** Bytes of the bundle. */
  size: number;
  /** ISO 8601, by the storage's clock. */
  replicatedAt: string;
}

/** The SHA-256 of the checkpoint's manifest: the same for every bundle of it, whoever wrote that. */
const CHECKSUM = 'checkpoint-checksum';

export function replicaKey(replica: Replica, id: string): string {
  const name = `checkpoints/${requireId(id)}.bundle`;
  return replica.prefix === '' ? name : `${replica.prefix}/${name}`;
}

/**
 * Copies a checkpoint to the replica, once. Also two hosts at once end with one object and the same answer, though their
 * bundles may differ in bytes. Temporary files, as large as the checkpoint, are made below `tempDir` and removed.
 * Errors as those of `exportBundle` and of `Replica`; `checkpoint-invalid` where another checkpoint has the key.
 */
export async function replicate(
  store: CheckpointStore,
  replica: Replica,
  id: string,
  tempDir: string,
): Promise<ReplicaReceipt> {
  const key = replicaKey(replica, id);
  const { checksum } = await store.receipt(id);
  const answer = ({ sha256, size, storedAt, metadata }: ReplicaObject): ReplicaReceipt => {
    if (metadata[CHECKSUM] === checksum) return { key, sha256, size, replicatedAt: storedAt };
    throw new RerailError('checkpoint-invalid', `${key} at ${replica.place} is another checkpoint`, {
      remedy: 'Give each set of checkpoints a bucket or prefix of its own.',
      details: { key, place: replica.place },
      nonRetryable: true,
    });
  };
  const earlier = await replica.head(key);
  if (earlier !== undefined) return answer(earlier);
  return withTemporaryDirectory(tempDir, 'replica-', async (directory) => {
    const file = join(directory, 'bundle');
    const digest = await store.exportBundle(id, file);
    try {
      await replica.putOnce(key, file, { ...digest, metadata: { [CHECKSUM]: checksum } });
    } catch (error) {
      const isTaken = isRerailError(error) && error.code === 'checkpoint-invalid';
      if (!isTaken) throw error;
    }
    const stored = await replica.head(key);
    if (stored !== undefined) return answer(stored);
    throw new RerailError('replica-failed', `${key} is gone from ${replica.place} right after it was put`, {
      remedy: 'Look for rules of the bucket that delete objects.',
      details: { key, place: replica.place },
    });
  });
}

/**
 * Brings a checkpoint from the replica into the store; the bytes are compared on their way and again by the store, which
 * trusts none of them. Errors as those of `importBundle` and of `Replica`; `checkpoint-not-found` where there is no copy.
 */
export async function fetchReplicated(
  store: CheckpointStore,
  replica: Replica,
  id: string,
  tempDir: string,
): Promise<PutResult> {
  const key = replicaKey(replica, id);
  if ((await replica.head(key)) === undefined) {
    throw new RerailError('checkpoint-not-found', `There is no ${key} at ${replica.place}`, {
      remedy: 'Check bucket and prefix of the replica, or take another checkpoint.',
      details: { key, place: replica.place },
      nonRetryable: true,
    });
  }
  return withTemporaryDirectory(tempDir, 'replica-', async (directory) => {
    const file = join(directory, 'bundle');
    await replica.get(key, file);
    return store.importBundle(id, file);
  });
}

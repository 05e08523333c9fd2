import { RerailError } from '../../domain/errors.ts';
import type { CheckpointDraft } from '../../store/checkpoint-store.ts';
import type { CheckpointContext } from './checkpoint-context.ts';

/** Below this a capture is not worth the look at the disk. */
const SMALL_BYTES = 1024 * 1024;

/** Refuses a capture that would not fit, before a byte is written. Counts new content as if it could not be compressed. */
export async function requireRoom(
  { store, storePath, quotaBytes }: CheckpointContext,
  { manifest, content }: CheckpointDraft,
): Promise<void> {
  const total = [...content.values()].reduce((sum, { size }) => sum + size, 0);
  if (total < SMALL_BYTES && quotaBytes === undefined) return;
  const stored = await store.hasContent([...content.keys()]);
  const added = [...content].reduce((sum, [digest, { size }]) => sum + (stored.has(digest) ? 0 : size), 0);
  if (added === 0) return;
  const { bytes, freeBytes } = await store.usage();
  if (quotaBytes !== undefined && bytes + added > quotaBytes) {
    throw new RerailError(
      'store-quota-exceeded',
      `Checkpoint ${manifest.info.id} needs ${String(added)} bytes; ${storePath} holds ${String(bytes)} of the ${String(quotaBytes)} that it may`,
      {
        remedy: 'Delete checkpoints with `rerail cleanup`, exclude what can be rebuilt, or raise maxStoreBytes.',
        details: { neededBytes: added, usedBytes: bytes, quotaBytes },
      },
    );
  }
  if (added > freeBytes) {
    throw new RerailError(
      'disk-full',
      `Checkpoint ${manifest.info.id} needs ${String(added)} bytes and the disk of ${storePath} has ${String(freeBytes)} free`,
      { remedy: 'Free space there, or delete checkpoints with `rerail cleanup`; no checkpoint was harmed.' },
    );
  }
}

import { join } from 'node:path';
import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import type { ReplicatedCheckpoint } from '../../domain/store-care.ts';
import { isRerailError, messageOf } from '../../domain/errors.ts';
import { fetchReplicated, replicate } from '../../store/replica/replicate-checkpoint.ts';
import type { CheckpointContext } from './checkpoint-context.ts';

const temporary = ({ dataDir }: CheckpointContext): string => join(dataDir, 'captures');

/**
 * Copies a new checkpoint to object storage where that is configured. A storage that is down is no reason to be without
 * the checkpoint: the record then has no replica, and the nightly care makes the copy.
 */
export async function withReplica(context: CheckpointContext, record: CheckpointRecord): Promise<CheckpointRecord> {
  const { replica, store } = context;
  if (replica === undefined) return record;
  context.progress('replicate');
  try {
    return { ...record, replica: await replicate(store, replica, record.info.id, temporary(context)) };
  } catch (error) {
    context.progress('replicate', { message: messageOf(error) });
    return record;
  }
}

/** Brings a checkpoint of another host, or one that this store has lost, from object storage. */
export async function fetchIfAbsent(context: CheckpointContext, id: string): Promise<void> {
  const { replica, store } = context;
  if (replica === undefined || (await store.has(id))) return;
  context.progress('fetch');
  await fetchReplicated(store, replica, id, temporary(context));
}

/** Again with the copy from object storage when this store turns out to have lost something of the checkpoint. */
export async function withGoodCopy<T>(context: CheckpointContext, id: string, work: () => Promise<T>): Promise<T> {
  const { replica, store } = context;
  await fetchIfAbsent(context, id);
  try {
    return await work();
  } catch (error) {
    const isCorrupt = isRerailError(error) && error.code === 'checkpoint-corrupt';
    if (!isCorrupt || replica === undefined) throw error;
    context.progress('fetch');
    await fetchReplicated(store, replica, id, temporary(context)).catch((cause: unknown) => {
      context.progress('fetch', { message: messageOf(cause) });
      // What is wrong with the checkpoint counts, not that there is no help.
      throw error;
    });
    return work();
  }
}

/** Makes the copies that are missing. Returns what is there now, and what could not be copied. */
export async function replicateAll(
  context: CheckpointContext,
  ids: readonly string[],
): Promise<{ replicated: ReplicatedCheckpoint[]; failed: string[] }> {
  const { replica, store } = context;
  const replicated: ReplicatedCheckpoint[] = [];
  const failed: string[] = [];
  if (replica === undefined) return { replicated, failed };
  for (const id of ids) {
    context.progress('replicate', { item: id });
    await replicate(store, replica, id, temporary(context)).then(
      (receipt) => replicated.push({ id, replica: receipt }),
      (error: unknown) => failed.push(`${id}: ${messageOf(error)}`),
    );
  }
  return { replicated, failed };
}

import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import type { StoredCheckpoint } from '../../domain/store-care.ts';
import type { RestoreResult } from '../../domain/rollback.schema.ts';
import type {
  CheckpointStore,
  StoreProblem,
  StoreRepair,
  StoreUsage,
  VerifyLevel,
} from '../../store/checkpoint-store.ts';
import { captureCheckpoint } from './capture-checkpoint.ts';
import type { CaptureInput } from './capture-checkpoint.ts';
import { withContext } from './checkpoint-context.ts';
import type { CheckpointContext, CheckpointDependencies } from './checkpoint-context.ts';
import { readRecord } from './checkpoint-record.ts';
import { diffCheckpoints } from './diff-checkpoints.ts';
import type { CheckpointDiff } from './diff-checkpoints.ts';
import { replicateAll, withGoodCopy, withReplica } from './keep-replica.ts';
import { createRecentCaptures } from './recent-captures.ts';
import { restoreCheckpoint } from './restore-checkpoint.ts';
import type { RestoreInput } from './prepare-restore.ts';

export interface VerifiedCheckpoint {
  problems: StoreProblem[];
  level: VerifyLevel;
  verifiedAt: string;
}

/** Lists that would not fit into a history are cut; the counts are not. */
const LISTED_PROBLEMS = 1000;

/** Activities of the host that holds the store and the workspaces. Every one may be repeated. */
export function createCheckpointActivities(dependencies: CheckpointDependencies) {
  const recent = createRecentCaptures();
  const within = <T>(work: (context: CheckpointContext) => Promise<T>): Promise<T> =>
    withContext(dependencies, recent, work);
  return {
    captureCheckpoint: (input: CaptureInput): Promise<CheckpointRecord> =>
      within(async (context) => withReplica(context, await captureCheckpoint(context, input))),
    restoreCheckpoint: (input: RestoreInput): Promise<RestoreResult> =>
      within((context) => withGoodCopy(context, input.checkpointId, () => restoreCheckpoint(context, input))),
    verifyCheckpoint: ({ checkpointId, level }: { checkpointId: string; level: VerifyLevel }) =>
      within(async ({ store, now }): Promise<VerifiedCheckpoint> => ({
        problems: (await store.verify(checkpointId, level)).slice(0, LISTED_PROBLEMS),
        level,
        verifiedAt: now(),
      })),
    diffCheckpoints: (input: { from: string; to: string }): Promise<CheckpointDiff> =>
      within((context) => diffCheckpoints(context, input)),
    /** Bytes that a deletion would free. */
    estimateFreed: ({ ids }: { ids: readonly string[] }) =>
      within(async ({ store }) => ({ freedBytes: await store.exclusiveBytes(ids) })),
    deleteCheckpoints: ({ ids }: { ids: readonly string[] }): Promise<{ freedBytes: number }> =>
      within(async ({ store }) => {
        await store.delete(ids);
        return store.sweep();
      }),
    /** Everything in the store, with whose it is; null for what cannot be read. */
    listStored: () => within(({ store }) => listStored(store)),
    /** Records of checkpoints that no ledger knows. */
    readRecords: ({ ids }: { ids: readonly string[] }): Promise<CheckpointRecord[]> =>
      within(({ store }) => Promise.all(ids.map((id) => readRecord(store, id)))),
    sweepStore: () => within(({ store }) => store.sweep()),
    checkStore: () =>
      within(async ({ store, now }) => ({
        problems: (await store.check()).slice(0, LISTED_PROBLEMS),
        verifiedAt: now(),
      })),
    repairStore: (): Promise<StoreRepair> =>
      within(async ({ store }) => {
        const { quarantined, problems } = await store.repair();
        return { quarantined, problems: problems.slice(0, LISTED_PROBLEMS) };
      }),
    replicateCheckpoints: ({ ids }: { ids: readonly string[] }) => within((context) => replicateAll(context, ids)),
    storeUsage: (): Promise<StoreUsage> => within(({ store }) => store.usage()),
  };
}

export type CheckpointActivities = ReturnType<typeof createCheckpointActivities>;

async function listStored(store: CheckpointStore): Promise<StoredCheckpoint[]> {
  const stored: StoredCheckpoint[] = [];
  for (const { id, createdAt } of await store.list()) {
    const manifest = await store.manifest(id).catch(() => undefined);
    stored.push({ id, subject: manifest?.info.subject ?? null, createdAt });
  }
  return stored;
}

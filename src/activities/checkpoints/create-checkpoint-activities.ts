import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import type { RestoreResult } from '../../domain/rollback.schema.ts';
import type { StoreProblem, StoreUsage, VerifyLevel } from '../../store/checkpoint-store.ts';
import { captureCheckpoint } from './capture-checkpoint.ts';
import type { CaptureInput } from './capture-checkpoint.ts';
import { withContext } from './checkpoint-context.ts';
import type { CheckpointDependencies } from './checkpoint-context.ts';
import { restoreCheckpoint } from './restore-checkpoint.ts';
import type { RestoreInput } from './prepare-restore.ts';

export interface CheckpointActivities {
  captureCheckpoint(input: CaptureInput): Promise<CheckpointRecord>;
  restoreCheckpoint(input: RestoreInput): Promise<RestoreResult>;
  verifyCheckpoint(input: { checkpointId: string; level: VerifyLevel }): Promise<VerifiedCheckpoint>;
  deleteCheckpoints(input: { ids: readonly string[] }): Promise<{ freedBytes: number }>;
  listStored(): Promise<{ id: string; checksum: string; createdAt: string }[]>;
  storeUsage(): Promise<StoreUsage>;
}

export interface VerifiedCheckpoint {
  problems: StoreProblem[];
  level: VerifyLevel;
  verifiedAt: string;
}

/** Activities of the host that holds the store and the workspaces. Every one may be repeated. */
export function createCheckpointActivities(dependencies: CheckpointDependencies): CheckpointActivities {
  return {
    captureCheckpoint: (input) => withContext(dependencies, (context) => captureCheckpoint(context, input)),
    restoreCheckpoint: (input) => withContext(dependencies, (context) => restoreCheckpoint(context, input)),
    verifyCheckpoint: ({ checkpointId, level }) =>
      withContext(dependencies, async ({ store, now }) => ({
        problems: await store.verify(checkpointId, level),
        level,
        verifiedAt: now(),
      })),
    deleteCheckpoints: ({ ids }) =>
      withContext(dependencies, async ({ store }) => {
        await store.delete(ids);
        return store.sweep();
      }),
    listStored: () => withContext(dependencies, ({ store }) => store.list()),
    storeUsage: () => withContext(dependencies, ({ store }) => store.usage()),
  };
}

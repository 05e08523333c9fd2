import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import type { RestoreResult } from '../../domain/rollback.schema.ts';
import type { StoreProblem, StoreUsage, VerifyLevel } from '../../store/checkpoint-store.ts';
import { captureCheckpoint } from './capture-checkpoint.ts';
import type { CaptureInput } from './capture-checkpoint.ts';
import { openContext } from './checkpoint-context.ts';
import type { CheckpointDependencies } from './checkpoint-context.ts';
import { restoreCheckpoint } from './restore-checkpoint.ts';
import type { RestoreInput } from './restore-checkpoint.ts';

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
    captureCheckpoint: async (input) => captureCheckpoint(await openContext(dependencies), input),
    restoreCheckpoint: async (input) => restoreCheckpoint(await openContext(dependencies), input),
    async verifyCheckpoint({ checkpointId, level }) {
      const { store, now } = await openContext(dependencies);
      return { problems: await store.verify(checkpointId, level), level, verifiedAt: now() };
    },
    async deleteCheckpoints({ ids }) {
      const { store } = await openContext(dependencies);
      await store.delete(ids);
      return store.sweep();
    },
    async listStored() {
      return (await openContext(dependencies)).store.list();
    },
    async storeUsage() {
      return (await openContext(dependencies)).store.usage();
    },
  };
}

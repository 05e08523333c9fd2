import { join } from 'node:path';
import { createCheckpointActivities } from '../src/activities/checkpoints/create-checkpoint-activities.ts';
import type { CheckpointInfo } from '../src/domain/checkpoint.ts';
import { newId } from '../src/domain/ids.ts';
import { createGitStore } from '../src/store/git-store/create-git-store.ts';

const infoOf = (id: string): CheckpointInfo => ({
  id,
  name: 'bench',
  type: 'manual',
  subject: 'bench/checkpoints',
  description: '',
  tags: [],
  success: true,
});

/** Store and activities without a server. */
export async function openBenchStore(directory: string) {
  const storePath = join(directory, 'store');
  const store = await createGitStore({ path: storePath });
  const { captureCheckpoint, restoreCheckpoint } = createCheckpointActivities({
    openStore: () => Promise.resolve(store),
    storePath,
    dataDir: join(directory, 'data'),
    host: 'bench',
  });
  return {
    captureCheckpoint,
    infoOf,
    capture: async (root: string, parentId?: string): Promise<string> => {
      const info = infoOf(newId('cp'));
      await captureCheckpoint({ info, root, ...(parentId === undefined ? {} : { parentId }) });
      return info.id;
    },
    restore: async (checkpointId: string): Promise<void> => {
      const options = { createBackup: false, dryRun: false, force: false };
      const { success } = await restoreCheckpoint({ checkpointId, backup: null, options });
      if (!success) throw new Error(`The restore of ${checkpointId} was no success`);
    },
  };
}

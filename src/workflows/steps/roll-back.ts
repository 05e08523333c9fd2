import { workflowInfo } from '@temporalio/workflow';
import type { PlannedAction } from '../../domain/action.ts';
import type { Json } from '../../domain/canonical-json.ts';
import { backupTags } from '../../domain/checkpoint-list.ts';
import { newId } from '../../domain/ids.ts';
import type { RestoreResult } from '../../domain/rollback.ts';
import { engine, hostActivities } from '../activity-proxies.ts';
import { note, type RecoveryState } from '../recovery-state.ts';

type RollbackAction = Extract<PlannedAction, { type: 'rollback' | 'resume' }>;

/**
 * Restores the action's checkpoint on its host, after a backup of what is there. The backup's id is fixed before the
 * effect, so that a worker's death cannot make a second backup of a half-restored tree.
 */
export async function rollBack(state: RecoveryState, action: RollbackAction): Promise<Json> {
  const { workflowId } = workflowInfo();
  const backupId = newId('cp');
  const { restoreCheckpoint } = hostActivities(action.host, {
    timeout: action.timeout,
    summary: `${action.id}: restore ${action.checkpointId}`,
  });
  const { result, backup } = await restoreCheckpoint({
    checkpointId: action.checkpointId,
    backup: {
      id: backupId,
      name: `before ${action.id}`,
      type: 'recovery',
      subject: action.subject,
      description: `What was there before ${workflowId} rolled back to ${action.checkpointId}`,
      tags: backupTags(action.checkpointId),
      workflowId,
      success: true,
    },
    ...(action.parts ? { options: { parts: action.parts } } : {}),
  });
  if (backup) await engine(state.input).recordCheckpoint({ record: backup });
  state.restored = {
    checkpointId: action.checkpointId,
    manifestSha256: result.manifestSha256,
    changed: result.plan.changesTotal,
    ...(backup ? { backupId } : {}),
  };
  state.restoredState = result.state;
  note(state, 'action', `${action.id}: ${describe(result)}`, { actionId: action.id });
  return { ...state.restored, verified: result.verified.files, gitHead: result.verified.gitHead ?? null };
}

function describe(result: RestoreResult): string {
  const count = (change: string) => result.plan.changes.filter((entry) => entry.change === change).length;
  return `${count('create')} created, ${count('replace')} replaced, ${count('delete')} deleted, ${result.plan.unchanged} unchanged, ${result.verified.files} files verified`;
}

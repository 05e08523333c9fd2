import { isCancellation, log } from '@temporalio/workflow';
import type { PlannedAction } from '../../domain/action.ts';
import type { Impact } from '../../domain/approval.ts';
import type { RestorePlan } from '../../domain/rollback.ts';
import { hostActivities } from '../activity-proxies.ts';
import { isoNow } from '../recovery-state.ts';
import { recordError } from './record-error.ts';

type RollbackAction = Extract<PlannedAction, { type: 'rollback' | 'resume' }>;

/** As many as a person looks through; the number of all of them is given beside. */
const LISTED_CHANGES = 50;

export const isRollback = (action: PlannedAction): action is RollbackAction =>
  action.type === 'rollback' || action.type === 'resume';

async function preview(action: RollbackAction): Promise<RestorePlan> {
  const { restoreCheckpoint } = hostActivities(action.host, {
    timeout: action.timeout,
    within: '1m',
    summary: `${action.id}: what restoring ${action.checkpointId} would change`,
  });
  const { result } = await restoreCheckpoint({
    checkpointId: action.checkpointId,
    backup: null,
    options: { dryRun: true, ...(action.parts ? { parts: action.parts } : {}) },
  });
  return result.plan;
}

function toRollback(action: RollbackAction, plan: RestorePlan): Impact['rollbacks'][number] {
  return {
    actionId: action.id,
    checkpointId: action.checkpointId,
    root: plan.root,
    changes: plan.changes.slice(0, LISTED_CHANGES).map(({ path, change }) => ({ path, change })),
    changesTotal: plan.changesTotal,
    unchanged: plan.unchanged,
    ...(plan.git ? { git: plan.git } : {}),
    ...(plan.system ? { system: plan.system } : {}),
    ...(plan.artifacts ? { artifacts: plan.artifacts.map(({ name, from, to }) => ({ name, from, to })) } : {}),
  };
}

/**
 * What the rollbacks among the actions would change at present; undefined where there are none. It is a dry run on the
 * host: nothing is touched. A host that cannot be asked is said so, since an approver has to know that.
 */
export async function previewImpact(actions: readonly PlannedAction[]): Promise<Impact | undefined> {
  const rollbacks = actions.filter(isRollback);
  if (rollbacks.length === 0) return undefined;
  try {
    const plans = await Promise.all(rollbacks.map(preview));
    return {
      stateHash: plans.map(({ hash }) => hash).join('.'),
      rollbacks: rollbacks.flatMap((action, index) => {
        const plan = plans[index];
        return plan ? [toRollback(action, plan)] : [];
      }),
      at: isoNow(),
    };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const unknown = recordError(error).message;
    log.warn('what a rollback would change is not known', { unknown });
    return { stateHash: '', rollbacks: [], unknown, at: isoNow() };
  }
}

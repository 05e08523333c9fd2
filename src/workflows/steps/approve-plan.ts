import { isCancellation, log, patched } from '@temporalio/workflow';
import type { PlannedAction } from '../../domain/action.ts';
import type { ApprovalPolicy } from '../../domain/approval.ts';
import type { Prediction } from '../../domain/knowledge.ts';
import { engine } from '../activity-proxies.ts';
import { hasVersion } from '../execution-version.ts';
import { note, type RecoveryState } from '../recovery-state.ts';
import { awaitApproval, type Outcome } from './await-approval.ts';
import { isRollback, previewImpact } from './preview-impact.ts';
import { recordError } from './record-error.ts';

/** A target that never stands still is for a person to look at. */
const ROUNDS = 3;

/** What the past says of this plan; an approval is asked for all the same when that cannot be read. */
async function foresee({ plan, input }: RecoveryState): Promise<Prediction | undefined> {
  if (!plan || !hasVersion(input, 2)) return undefined;
  try {
    return await engine(input).predictPlan({ plan });
  } catch (error) {
    if (isCancellation(error)) throw error;
    log.warn('the past of this plan could not be read', { reason: recordError(error).message });
    return undefined;
  }
}

/**
 * Asks for approval of actions together with what their rollbacks would change. What has been approved is looked at
 * again before anything is done: a target that has changed since makes the approval void, and it is asked anew.
 */
export async function approveActions(
  state: RecoveryState,
  policy: ApprovalPolicy,
  actions: readonly PlannedAction[],
  action?: PlannedAction,
): Promise<Outcome> {
  const prediction = await foresee(state);
  if (!actions.some(isRollback) || !patched('approval-shows-impact'))
    return awaitApproval(state, policy, { action, prediction });
  for (let round = 1; ; round++) {
    const impact = await previewImpact(actions);
    const before = state.approvals.length;
    const outcome = await awaitApproval(state, policy, { action, impact, prediction });
    if (outcome.verdict !== 'approved') return outcome;
    const now = await previewImpact(actions);
    if (impact?.stateHash === now?.stateHash) return outcome;
    const why = `what the rollback would change is no longer what was approved`;
    for (const record of state.approvals.slice(before)) record.voidedBy = why;
    note(state, 'approval', `the approval is void: ${why}`, action ? { actionId: action.id } : {});
    if (round === ROUNDS) {
      return { verdict: 'escalate', by: 'rerail', reason: `the target changed ${ROUNDS} times after an approval` };
    }
  }
}

import type { ApprovalPolicy, ApprovalRecord, ApproveInput } from '../../domain/approval.ts';
import { namesPlan, shortHash } from '../../domain/plan.ts';
import { isoNow, note, type RecoveryState } from '../recovery-state.ts';
import { awaitAnswer } from './await-answer.ts';

export type Verdict = { verdict: 'approved' | 'denied' | 'escalate'; by: string; reason?: string };

/**
 * Why an approval or denial does not count, or undefined. Signals reach us without a validator and from any hand, so
 * the shape is looked at here as well.
 */
export function approvalRefusal(state: RecoveryState, given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return 'the message is not an object';
  const input = given as Partial<Record<keyof ApproveInput, unknown>>;
  const { approval } = state.open;
  const hash = state.plan?.hash ?? '';
  if (typeof input.by !== 'string' || input.by.trim() === '') return 'field "by" does not name who decides';
  if (!approval) return `nothing waits for an approval, the recovery is ${state.status}`;
  if (typeof input.planHash !== 'string' || !namesPlan(input.planHash, hash)) {
    return `field "planHash" is ${JSON.stringify(input.planHash)}, the plan is ${shortHash(hash)}`;
  }
  if (input.actionId !== undefined && input.actionId !== approval.actionId) {
    return `field "actionId": action ${JSON.stringify(input.actionId)} does not wait for an approval`;
  }
  return approval.granted.some((record) => record.by === input.by) ? `${input.by} has approved already` : undefined;
}

/** Records one answer to the open approval; the caller has made sure that it counts. */
export function answerApproval(
  state: RecoveryState,
  input: ApproveInput,
  verdict: 'approved' | 'denied',
  via: ApprovalRecord['via'],
): void {
  const { approval } = state.open;
  if (!approval) return;
  const { by, reason } = input;
  const scope = approval.actionId === undefined ? {} : { actionId: approval.actionId };
  const why = reason === undefined ? {} : { reason };
  const record: ApprovalRecord = {
    verdict,
    by,
    at: isoNow(),
    planHash: state.plan?.hash ?? '',
    authenticated: false,
    via,
    ...why,
    ...scope,
  };
  if (verdict === 'denied') approval.denied ??= record;
  else approval.granted.push(record);
  state.approvals.push(record);
  note(state, 'approval', `${verdict} by ${by}`, { by, ...why, ...scope });
}

/** Waits for approvals of the whole plan, or of one action, until there are enough, one denies or time runs out. */
export async function awaitApproval(
  state: RecoveryState,
  policy: ApprovalPolicy,
  action?: { id: string; title: string },
): Promise<Verdict> {
  const scope = action ? { actionId: action.id } : {};
  const approval: NonNullable<RecoveryState['open']['approval']> = { policy, granted: [], ...scope };
  state.open.approval = approval;
  const what = action ? `action ${action.id} (${action.title})` : `plan ${shortHash(state.plan?.hash ?? '')}`;
  const message = `${what} waits for ${policy.required === 1 ? 'an approval' : `${policy.required} approvals`}`;
  try {
    await awaitAnswer(
      state,
      {
        kind: 'approval',
        key: action ? `approval:${action.id}` : 'approval',
        status: 'awaiting_approval',
        timeout: policy.timeout,
        message,
        ...scope,
      },
      () => approval.denied !== undefined || approval.granted.length >= policy.required,
    );
  } finally {
    delete state.open.approval;
  }
  if (approval.denied) {
    const { by, reason } = approval.denied;
    return { verdict: 'denied', by, ...(reason === undefined ? {} : { reason }) };
  }
  if (approval.granted.length >= policy.required) {
    return { verdict: 'approved', by: approval.granted.map(({ by }) => by).join(', ') };
  }
  const reason = `nobody decided within ${policy.timeout}`;
  state.approvals.push({
    verdict: 'timed_out',
    by: 'timer',
    reason,
    at: isoNow(),
    planHash: state.plan?.hash ?? '',
    authenticated: false,
    via: 'timer',
    ...scope,
  });
  note(state, 'approval', `${reason}, so: ${policy.onTimeout}`, scope);
  const verdict = ({ approve: 'approved', deny: 'denied', escalate: 'escalate' } as const)[policy.onTimeout];
  return { verdict, by: 'timer', reason };
}

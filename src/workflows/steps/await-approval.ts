import type { ApprovalPolicy, ApprovalRecord, ApproveInput, Impact, Verdict } from '../../domain/approval.ts';
import { samePerson } from '../../domain/approval.ts';
import type { Prediction } from '../../domain/knowledge.ts';
import { namesPlan, shortHash } from '../../domain/plan.ts';
import { isoNow, note, type OpenApproval, type RecoveryState } from '../recovery-state.ts';
import { awaitAnswer } from './await-answer.ts';

export type Outcome = { verdict: 'approved' | 'denied' | 'escalate'; by: string; reason?: string };

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

/** Whoever reported the failure in person; a run, a monitor or an alert is nobody. */
const reporters = (state: RecoveryState): string[] =>
  [state.input.failure, ...state.joined].flatMap(({ source }) =>
    source.name !== undefined && ['cli', 'client', 'api'].includes(source.kind) ? [source.name] : [],
  );

/** Whether this person may answer at all; break-glass stands above roles and the second person. */
function personRefusal(state: RecoveryState, { policy }: OpenApproval, input: ApproveInput): string | undefined {
  if (policy.authenticated && !input.signature) {
    return 'this playbook counts only answers that come through the HTTP API, which signs them';
  }
  if (input.breakGlass === true) {
    return isText(input.reason) ? undefined : 'field "reason" is missing: breaking the glass has to be explained';
  }
  const roles: unknown = input.roles ?? [];
  const claimed = Array.isArray(roles) ? roles : [];
  if (policy.roles.length > 0 && !policy.roles.some((role) => claimed.includes(role))) {
    return `field "roles" must name one of ${policy.roles.join(', ')}`;
  }
  if (policy.selfApproval === false && reporters(state).some((name) => samePerson(name, input.by))) {
    return `${input.by} has reported this failure, somebody else has to decide`;
  }
  return undefined;
}

/**
 * Why an approval or denial does not count, or undefined. Signals reach us without a validator and from any hand, so
 * the shape is looked at here as well.
 */
export function approvalRefusal(state: RecoveryState, given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return 'the message is not an object';
  const input = given as Partial<Record<keyof ApproveInput, unknown>>;
  const { approval } = state.open;
  const hash = state.plan?.hash ?? '';
  if (!isText(input.by)) return 'field "by" does not name who decides';
  const { by } = input;
  if (!approval) return `nothing waits for an approval, the recovery is ${state.status}`;
  if (typeof input.planHash !== 'string' || !namesPlan(input.planHash, hash)) {
    return `field "planHash" is ${JSON.stringify(input.planHash)}, the plan is ${shortHash(hash)}`;
  }
  if (input.actionId !== undefined && input.actionId !== approval.actionId) {
    return `field "actionId": action ${JSON.stringify(input.actionId)} does not wait for an approval`;
  }
  const seen = approval.impact?.stateHash;
  if (input.stateHash !== undefined && input.stateHash !== seen) {
    return 'field "stateHash": the target has changed since, look at what would be done now';
  }
  if (approval.granted.some((record) => samePerson(record.by, by))) return `${by} has approved already`;
  return personRefusal(state, approval, given as ApproveInput);
}

/** Records one answer to the open approval; the caller has made sure that it counts. */
export function answerApproval(
  state: RecoveryState,
  input: ApproveInput,
  verdict: Verdict,
  via: ApprovalRecord['via'],
): void {
  const { approval } = state.open;
  if (!approval) return;
  const { by, reason, roles, breakGlass } = input;
  const scope = approval.actionId === undefined ? {} : { actionId: approval.actionId };
  const why = reason === undefined ? {} : { reason };
  const record: ApprovalRecord = {
    verdict,
    by,
    at: isoNow(),
    planHash: state.plan?.hash ?? '',
    authenticated: input.signature !== undefined,
    via,
    ...why,
    ...scope,
    ...(roles && roles.length > 0 ? { roles } : {}),
    ...(breakGlass ? { breakGlass } : {}),
    ...(approval.impact ? { stateHash: approval.impact.stateHash } : {}),
  };
  if (verdict === 'denied') approval.denied ??= record;
  else approval.granted.push(record);
  state.approvals.push(record);
  const how = `${breakGlass ? ' by breaking the glass' : ''}${input.signature ? '' : ' (unauthenticated)'}`;
  note(state, 'approval', `${verdict} by ${by}${how}`, { by, ...why, ...scope });
}

const isGranted = ({ granted, policy }: OpenApproval): boolean =>
  granted.length >= policy.required || granted.some(({ breakGlass }) => breakGlass === true);

/** Approvals of the recovery that this one goes on with count for the same plan and the same state of the target. */
function carryOver(state: RecoveryState, approval: OpenApproval): void {
  for (const record of state.carriedApprovals) {
    if (record.actionId !== approval.actionId || record.stateHash !== approval.impact?.stateHash) continue;
    if (record.planHash !== state.plan?.hash || (approval.policy.authenticated && !record.authenticated)) continue;
    approval.granted.push(record);
    state.approvals.push(record);
    const scope = approval.actionId === undefined ? {} : { actionId: approval.actionId };
    note(state, 'approval', `the approval of ${record.by} at ${record.at} still holds`, { by: record.by, ...scope });
  }
}

interface Asked {
  action?: { id: string; title: string } | undefined;
  impact?: Impact | undefined;
  prediction?: Prediction | undefined;
}

/** Waits for approvals of the whole plan, or of one action, until there are enough, one denies or time runs out. */
export async function awaitApproval(
  state: RecoveryState,
  policy: ApprovalPolicy,
  { action, impact, prediction }: Asked = {},
): Promise<Outcome> {
  const scope = action ? { actionId: action.id } : {};
  const approval: OpenApproval = {
    policy,
    granted: [],
    ...scope,
    ...(impact ? { impact } : {}),
    ...(prediction ? { prediction } : {}),
  };
  state.open.approval = approval;
  carryOver(state, approval);
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
      () => approval.denied !== undefined || isGranted(approval),
    );
  } finally {
    delete state.open.approval;
  }
  if (approval.denied) {
    const { by, reason } = approval.denied;
    return { verdict: 'denied', by, ...(reason === undefined ? {} : { reason }) };
  }
  if (isGranted(approval)) {
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

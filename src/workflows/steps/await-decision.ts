import { ApplicationFailure } from '@temporalio/workflow';
import type { DecideInput, Decision } from '../../domain/approval.ts';
import type { AllowedDecision, RecordedError } from '../../domain/recovery.ts';
import type { Operation } from '../../domain/operation.ts';
import { engine } from '../activity-proxies.ts';
import { isoNow, note, type CheckedDecision, type OpenDecision, type RecoveryState } from '../recovery-state.ts';
import { awaitAnswer } from './await-answer.ts';
import { planRequest } from './strategies.ts';

/** A parked recovery escalates after this, unless the playbook's deadline comes first. */
const PARKED_FOR = '24h';

const declaresInput = (operation: Operation | undefined): boolean =>
  (operation?.kind === 'activity' || operation?.kind === 'workflow') && operation.inputSchema !== undefined;

export function decisionRefusal(state: RecoveryState, given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return 'the message is not an object';
  const input = given as Partial<Record<keyof DecideInput, unknown>>;
  const { decision } = state.open;
  if (!decision) return `nothing waits for a decision, the recovery is ${state.status}`;
  if (decision.answer) return `${decision.answer.by} has decided already`;
  if (decision.checking !== undefined) return `the decision of ${decision.checking} is being looked at`;
  if (typeof input.by !== 'string' || input.by.trim() === '') return 'field "by" does not name who decides';
  if (typeof input.reason !== 'string' || input.reason.trim() === '') return 'field "reason" is missing';
  if (input.actionId !== decision.actionId) return `field "actionId" must be ${decision.actionId}`;
  const found = decision.allowed.find((entry) => entry.decision === input.decision);
  if (!found) return `field "decision" must be one of ${decision.allowed.map((entry) => entry.decision).join(', ')}`;
  if (!found.allowed) return found.reason ?? 'this decision is not allowed now';
  if (input.decision === 'supply' && input.output === undefined) return 'field "output" is missing';
  if (input.decision === 'handover' && typeof input.playbook !== 'string') return 'field "playbook" is missing';
  if (input.decision !== 'retry' && input.input !== undefined) return 'field "input" goes with retry only';
  if (input.input !== undefined && input.declaredInputOnly === true && !declaresInput(decision.editable))
    return `field "input" needs the role admin: ${decision.actionId} has no inputSchema that says what may be given`;
  return undefined;
}

/**
 * What an activity has to say to a decision before it counts: another input is checked against the operation's schema, a
 * hand-over needs a plan. Throws what the activity throws: the decision is refused then, and nothing has changed.
 */
export async function checkDecision(
  state: RecoveryState,
  input: DecideInput,
  editable: Operation | undefined,
): Promise<CheckedDecision> {
  if (input.decision === 'handover') {
    const made = await engine(state.input).makePlan({ ...planRequest(state), playbook: input.playbook ?? '' });
    return { ...input, made };
  }
  if (!editable) {
    throw ApplicationFailure.nonRetryable(
      `${input.actionId} has no single operation whose input could be changed`,
      'decision-refused',
    );
  }
  const operation = await engine(state.input).editOperation({ operation: editable, input: input.input ?? null });
  return { ...input, operation };
}

/** How an input was taken before there was a check. */
export const withGivenInput = (input: DecideInput, editable: Operation | undefined): CheckedDecision =>
  input.input !== undefined && editable?.kind === 'activity'
    ? { ...input, operation: { ...editable, input: input.input } }
    : input;

export const needsCheck = ({ decision, input }: DecideInput): boolean => decision === 'handover' || input !== undefined;

export function answerDecision(state: RecoveryState, input: CheckedDecision): void {
  const { decision } = state.open;
  if (!decision) return;
  decision.answer = input;
  const { operation: _operation, made: _made, declaredInputOnly: _limit, ...said } = input;
  state.decisions.push({ ...said, at: isoNow() });
  note(state, 'decision', `${input.decision} for ${input.actionId} by ${input.by}`, {
    actionId: input.actionId,
    by: input.by,
    reason: input.reason,
  });
}

/** Parks until a person decides. Undefined when nobody did in time. */
export async function awaitDecision(
  state: RecoveryState,
  actionId: string,
  error: RecordedError,
  allowed: AllowedDecision[],
  editable?: Operation,
): Promise<CheckedDecision | undefined> {
  const decision: OpenDecision = { actionId, allowed, ...(editable ? { editable } : {}) };
  state.open.decision = decision;
  try {
    await awaitAnswer(
      state,
      {
        kind: 'decision',
        key: `decision:${actionId}`,
        status: 'awaiting_operator',
        timeout: PARKED_FOR,
        actionId,
        message: `${actionId} failed (${error.message}) and waits for a decision`,
      },
      () => decision.answer !== undefined,
    );
    return decision.answer;
  } finally {
    delete state.open.decision;
  }
}

/** Every decision, each with the reason when it is refused. */
export function decisionsWith(refused: Partial<Record<Decision, string>>): AllowedDecision[] {
  const all: Decision[] = ['retry', 'supply', 'skip', 'rollback', 'handover', 'abort', 'escalate'];
  return all.map((decision) => {
    const reason = refused[decision];
    return reason === undefined ? { decision, allowed: true } : { decision, allowed: false, reason };
  });
}

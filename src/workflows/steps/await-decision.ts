import type { DecideInput, Decision } from '../../domain/approval.ts';
import type { AllowedDecision, RecordedError } from '../../domain/recovery.ts';
import { isoNow, note, type RecoveryState } from '../recovery-state.ts';
import { awaitAnswer } from './await-answer.ts';

/** A parked recovery escalates after this, unless the playbook's deadline comes first. */
const PARKED_FOR = '24h';

export function decisionRefusal(state: RecoveryState, given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return 'the message is not an object';
  const input = given as Partial<Record<keyof DecideInput, unknown>>;
  const { decision } = state.open;
  if (!decision) return `nothing waits for a decision, the recovery is ${state.status}`;
  if (decision.answer) return `${decision.answer.by} has decided already`;
  if (typeof input.by !== 'string' || input.by.trim() === '') return 'field "by" does not name who decides';
  if (typeof input.reason !== 'string' || input.reason.trim() === '') return 'field "reason" is missing';
  if (input.actionId !== decision.actionId) return `field "actionId" must be ${decision.actionId}`;
  const found = decision.allowed.find((entry) => entry.decision === input.decision);
  if (!found) return `field "decision" must be one of ${decision.allowed.map((entry) => entry.decision).join(', ')}`;
  if (!found.allowed) return found.reason ?? 'this decision is not allowed now';
  return input.decision === 'supply' && input.output === undefined ? 'field "output" is missing' : undefined;
}

export function answerDecision(state: RecoveryState, input: DecideInput): void {
  const { decision } = state.open;
  if (!decision) return;
  decision.answer = input;
  state.decisions.push({ ...input, at: isoNow() });
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
): Promise<DecideInput | undefined> {
  const decision: NonNullable<RecoveryState['open']['decision']> = { actionId, allowed };
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
  const all: Decision[] = ['retry', 'supply', 'skip', 'rollback', 'abort', 'escalate'];
  return all.map((decision) => {
    const reason = refused[decision];
    return reason === undefined ? { decision, allowed: true } : { decision, allowed: false, reason };
  });
}

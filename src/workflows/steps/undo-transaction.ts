import { condition } from '@temporalio/workflow';
import type { DecideInput } from '../../domain/approval.ts';
import { toMs, type Duration } from '../../domain/duration.ts';
import { describeOperation } from '../../domain/operation.ts';
import type { CompensationRecord } from '../../domain/report.ts';
import { UNDO_DECISIONS, type UndoDecisionRecord } from '../../domain/transaction.ts';
import { isoNow } from '../recovery-state.ts';
import { publishTransaction, type Begun, type TransactionState } from '../transaction-state.ts';
import { fillOutputs } from './fill-outputs.ts';
import { recordError, toRecorded } from './record-error.ts';
import { runUndo, undoAll } from './saga.ts';

/** An undo that nobody decides on counts as failed after this, and the next one has its turn. */
const PARKED_FOR: Duration = '24h';

/** Why an answer to a parked undo does not count, or undefined. */
export function undoDecisionRefusal({ open, status }: TransactionState, given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return 'the message is not an object';
  const input = given as Partial<Record<keyof DecideInput, unknown>>;
  if (!open || open.answer) return `nothing waits for a decision, the transaction is ${status}`;
  if (typeof input.by !== 'string' || input.by.trim() === '') return 'field "by" does not name who decides';
  if (typeof input.reason !== 'string' || input.reason.trim() === '') return 'field "reason" is missing';
  if (input.actionId !== open.actionId) return `field "actionId" must be ${open.actionId}`;
  if (!UNDO_DECISIONS.some((decision) => decision === input.decision))
    return `field "decision" must be one of ${UNDO_DECISIONS.join(', ')}`;
  return undefined;
}

async function awaitUndoDecision(state: TransactionState, actionId: string): Promise<DecideInput | undefined> {
  const open: NonNullable<TransactionState['open']> = { actionId };
  const until = new Date(Date.now() + toMs(PARKED_FOR)).toISOString();
  state.open = open;
  state.status = 'awaiting_operator';
  state.waitingFor = { kind: 'decision', key: `decision:${actionId}`, since: isoNow(), until, actionId };
  publishTransaction(state);
  await condition(() => open.answer !== undefined, PARKED_FOR, { summary: `decision on the undo of ${actionId}` });
  delete state.open;
  delete state.waitingFor;
  state.status = 'undoing';
  publishTransaction(state);
  return open.answer;
}

/** One round of an undo. Its templates are filled at this moment: it may need what the operation itself has put out. */
async function attemptUndo(state: TransactionState, begun: Begun, round: number): Promise<CompensationRecord> {
  const { id, undo, timeout, operation } = begun.operation;
  const title = `Undo of ${begun.record.title}: ${describeOperation(undo ?? operation)}`;
  try {
    const filled = fillOutputs(undo ?? operation, state.operations);
    return await runUndo({ actionId: id, compensation: { title, operation: filled }, timeout }, round);
  } catch (error) {
    return { actionId: id, title, ok: false, attempts: 0, durationMs: 0, error: toRecorded(recordError(error)) };
  }
}

async function undoOne(state: TransactionState, begun: Begun): Promise<void> {
  const { id } = begun.operation;
  const startedAt = isoNow();
  const decisions: UndoDecisionRecord[] = [];
  let attempts = 0;
  state.current = id;
  for (let round = 1; ; round++) {
    const record = await attemptUndo(state, begun, round);
    attempts += record.attempts;
    begun.record.status = record.ok ? 'undone' : 'undo_failed';
    if (!record.ok && state.input.onUndoFailure === 'park') {
      const answer = await awaitUndoDecision(state, id);
      if (answer) decisions.push({ decision: answer.decision, by: answer.by, reason: answer.reason, at: isoNow() });
      if (answer?.decision === 'retry') continue;
    }
    state.undos.push({ ...record, attempts, startedAt, ...(decisions.length > 0 ? { decisions } : {}) });
    delete state.current;
    publishTransaction(state);
    return;
  }
}

/** Undoes what was begun, newest first; one failing undo neither stops the others nor is swallowed (requirement 5.4). */
export async function undoTransaction(state: TransactionState): Promise<void> {
  if (state.begun.length === 0) return;
  state.status = 'undoing';
  publishTransaction(state);
  await undoAll(state.begun, (begun) => undoOne(state, begun));
}

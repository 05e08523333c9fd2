import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { DEFAULT_RETRY } from '../../domain/action.ts';
import type { Operation } from '../../domain/operation.ts';
import type { TransactionOperation, TransactionOperationRecord } from '../../domain/transaction.ts';
import { effectKey } from '../effect-key.ts';
import { isoNow } from '../recovery-state.ts';
import { publishTransaction, type TransactionState } from '../transaction-state.ts';
import { executeOperation } from './execute-operation.ts';
import { fillOutputs } from './fill-outputs.ts';
import { recordError, toRecorded, type CaughtError } from './record-error.ts';
import { tryRepeatedly } from './try-repeatedly.ts';

/**
 * Guards the effect. A command is one of each try; a request keeps its key through all of them, so that the other side
 * sees that it is the same one, as `Idempotency-Key` means it.
 */
const keyOf = ({ kind }: Operation, id: string, attempt: number): string =>
  effectKey(kind === 'http' ? id : `${id}/${attempt}`);

async function perform(
  state: TransactionState,
  given: TransactionOperation,
  operation: Operation,
  record: TransactionOperationRecord,
): Promise<CaughtError | undefined> {
  const { id, timeout, undo, retry = DEFAULT_RETRY } = given;
  // Before the effect: whatever becomes of it, and of us, its undo is known.
  if (undo) state.begun.push({ operation: given, record });
  const tried = await tryRepeatedly({
    id,
    retry,
    attempts: record.attempts,
    perform: (attempt) =>
      executeOperation(operation, {
        key: keyOf(operation, id, attempt),
        summary: `${id}: ${record.title}${retry.maximumAttempts > 1 ? `, try ${attempt} of ${retry.maximumAttempts}` : ''}`,
        timeout,
        waitWhenCancelled: true,
      }),
    onFailure: () => publishTransaction(state),
  });
  if (!tried.ok) return tried.error;
  const { durationMs: _durationMs, ...output } = tried.result;
  record.output = output;
  return undefined;
}

const isCancelled = (): boolean => CancellationScope.current().consideredCancelled;

async function runOperation(
  state: TransactionState,
  given: TransactionOperation,
  record: TransactionOperationRecord,
): Promise<boolean> {
  const started = Date.now();
  state.current = given.id;
  record.startedAt = isoNow();
  record.status = 'running';
  publishTransaction(state);
  try {
    const error = await perform(state, given, fillOutputs(given.operation, state.operations), record);
    // A command that was stopped on request says so as an error of its own.
    record.status = !error ? 'succeeded' : isCancelled() ? 'cancelled' : 'failed';
    if (error) record.error = toRecorded(error);
  } catch (error) {
    record.status = isCancellation(error) ? 'cancelled' : 'failed';
    record.error = toRecorded(recordError(error));
  } finally {
    record.finishedAt = isoNow();
    record.durationMs = Date.now() - started;
    delete state.current;
    publishTransaction(state);
  }
  if (record.error && record.status === 'failed')
    state.error = { ...record.error, message: `${given.id}: ${record.error.message}` };
  return record.error === undefined;
}

/** Does the operations in order, up to the first that fails or a cancellation. True: all are done. */
export async function runOperations(state: TransactionState): Promise<boolean> {
  for (const [index, operation] of state.input.operations.entries()) {
    const record = state.operations[index];
    if (isCancelled() || !record || !(await runOperation(state, operation, record))) {
      state.cancelled = isCancelled();
      return false;
    }
  }
  return true;
}

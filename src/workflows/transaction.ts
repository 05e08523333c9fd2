import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  setHandler,
} from '@temporalio/workflow';
import type { ClosedTransactionStatus, TransactionInput, TransactionReport } from '../domain/transaction.ts';
import { decideUpdate, transactionStatusQuery } from './messages.ts';
import { createTransactionState, publishTransaction, type TransactionState } from './transaction-state.ts';
import { reportTransaction, transactionSnapshot } from './steps/report-transaction.ts';
import { runOperations } from './steps/run-transaction.ts';
import { undoDecisionRefusal, undoTransaction } from './steps/undo-transaction.ts';

/** The client has checked it all; who starts it past the client gets at least an error instead of a stuck workflow. */
function refuseBadInput(input: Partial<TransactionInput> | undefined): void {
  if (Array.isArray(input?.operations) && typeof input.name === 'string') return;
  throw ApplicationFailure.nonRetryable('a transaction needs a name and operations', 'invalid-input');
}

function handleMessages(state: TransactionState): void {
  setHandler(transactionStatusQuery, () => transactionSnapshot(state), { description: 'Where the transaction stands' });
  setHandler(
    decideUpdate,
    (answer) => {
      if (state.open) state.open.answer = answer;
      return { status: state.status, note: `${answer.decision} for the undo of ${answer.actionId}` };
    },
    {
      description: 'Answers for an undo that has failed',
      validator: (given) => {
        const refusal = undoDecisionRefusal(state, given);
        if (refusal) throw ApplicationFailure.nonRetryable(refusal, 'decision-refused');
      },
    },
  );
}

/**
 * Operations that are all done or all undone (requirement 5.4). Its history is the log: whoever dies on the way, the next
 * worker goes on. The result is the report, however it ends; a cancellation undoes as a failure does.
 */
export async function transaction(input: TransactionInput): Promise<TransactionReport> {
  refuseBadInput(input);
  const state = createTransactionState(input);
  handleMessages(state);
  const done = await runOperations(state);
  return CancellationScope.nonCancellable(() => close(state, done));
}

async function close(state: TransactionState, done: boolean): Promise<TransactionReport> {
  if (!done) await undoTransaction(state);
  for (const record of state.operations) if (record.status === 'pending') record.status = 'not_begun';
  await condition(allHandlersFinished);
  const undoFailed = state.undos.some(({ ok }) => !ok);
  const status: ClosedTransactionStatus = done ? 'committed' : undoFailed ? 'failed' : 'undone';
  state.status = status;
  publishTransaction(state);
  return reportTransaction(state, status);
}

import { workflowInfo } from '@temporalio/workflow';
import type {
  ClosedTransactionStatus,
  TransactionOperationRecord,
  TransactionReport,
  TransactionSnapshot,
} from '../../domain/transaction.ts';
import { isoNow } from '../recovery-state.ts';
import type { TransactionState } from '../transaction-state.ts';

/** Of all outputs together, in characters: Temporal takes results of up to 2 MB. */
const OUTPUT_LIMIT = 1_000_000;

function withinLimit(records: readonly TransactionOperationRecord[]): TransactionOperationRecord[] {
  let left = OUTPUT_LIMIT;
  return records.map((record) => {
    const { output, ...rest } = record;
    if (output === undefined) return record;
    left -= JSON.stringify(output).length;
    return left >= 0 ? record : { ...rest, outputOmitted: true };
  });
}

export function transactionSnapshot(state: TransactionState): TransactionSnapshot {
  const { workflowId, runId } = workflowInfo();
  const { input, status, current, waitingFor } = state;
  return {
    workflowId,
    runId,
    name: input.name,
    ...(input.target ? { target: input.target } : {}),
    status,
    ...(current ? { current } : {}),
    ...(waitingFor ? { waitingFor } : {}),
    operations: withinLimit(state.operations),
    undos: state.undos,
    startedAt: new Date(state.startedAt).toISOString(),
  };
}

/** Begun, and nothing there to take it back: what they did stays. */
const leftBehind = ({ operations }: TransactionState): TransactionOperationRecord[] =>
  operations.filter(({ undoable, startedAt }) => !undoable && startedAt !== undefined);

function summarise(state: TransactionState, status: ClosedTransactionStatus): string {
  const { input, operations, undos, error, cancelled } = state;
  const done = operations.filter(({ status: own }) => own === 'succeeded').length;
  if (status === 'committed') return `${input.name} committed: ${done} of ${operations.length} operations done`;
  const failed = undos.filter(({ ok }) => !ok).map(({ actionId }) => actionId);
  const left = leftBehind(state).map(({ id }) => id);
  return [
    ...(failed.length > 0 ? [`the undo of ${failed.join(', ')} failed`] : []),
    `${input.name} ${status}, ${undos.length - failed.length} operations undone`,
    ...(left.length > 0 ? [`${left.join(', ')} has no undo`] : []),
    ...(cancelled ? ['it was cancelled'] : []),
    ...(error ? [error.message] : []),
  ].join('; ');
}

function nextSteps(state: TransactionState, status: ClosedTransactionStatus): string[] {
  if (status === 'committed') return [];
  const failed = state.undos.filter(({ ok }) => !ok);
  return [
    ...failed.map(({ title, error }) => `Do by hand: ${title}; it failed (${error?.message ?? 'unknown'}).`),
    ...leftBehind(state).map(({ title }) => `See whether ${title} has left something: it has no undo.`),
    'Mend the cause and start it again under another key.',
  ];
}

export function reportTransaction(state: TransactionState, status: ClosedTransactionStatus): TransactionReport {
  const { current: _current, waitingFor: _waitingFor, ...snapshot } = transactionSnapshot(state);
  const { error, cancelled, startedAt } = state;
  return {
    ...snapshot,
    schemaVersion: 1,
    status,
    summary: summarise(state, status),
    nextSteps: nextSteps(state, status),
    cancelled,
    finishedAt: isoNow(),
    durationMs: Date.now() - startedAt,
    ...(error && status !== 'committed' ? { error } : {}),
  };
}

import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { DecideInput } from '../domain/approval.ts';
import type { RecordedError, WaitingFor } from '../domain/recovery.ts';
import type {
  TransactionInput,
  TransactionOperation,
  TransactionOperationRecord,
  TransactionStatus,
  UndoRecord,
} from '../domain/transaction.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';
import { describeTransaction } from './steps/describe-transaction.ts';

export interface Begun {
  operation: TransactionOperation;
  record: TransactionOperationRecord;
}

/** All that a transaction knows. */
export interface TransactionState {
  readonly input: TransactionInput;
  readonly startedAt: number;
  status: TransactionStatus;
  operations: TransactionOperationRecord[];
  /** What has an undo and was begun, in order. */
  begun: Begun[];
  /** In the order in which they ran. */
  undos: UndoRecord[];
  current?: string;
  waitingFor?: WaitingFor;
  /** The undo that waits for a person. */
  open?: { actionId: string; answer?: DecideInput };
  error?: RecordedError;
  cancelled: boolean;
  published: string;
}

export function createTransactionState(input: TransactionInput): TransactionState {
  return {
    input,
    startedAt: workflowInfo().startTime.getTime(),
    status: 'running',
    operations: input.operations.map(({ id, title, undo }) => ({
      id,
      title: title ?? id,
      undoable: undo !== undefined,
      status: 'pending',
      attempts: [],
      durationMs: 0,
    })),
    begun: [],
    undos: [],
    cancelled: false,
    published: '',
  };
}

/** Makes it visible in Temporal: the details always, the attributes when one of them has changed. */
export function publishTransaction(state: TransactionState): void {
  setCurrentDetails(describeTransaction(state));
  const { status, waitingFor } = state;
  const key = `${status}|${waitingFor?.key ?? ''}`;
  if (key === state.published) return;
  const wasWaiting = !state.published.endsWith('|') && state.published !== '';
  state.published = key;
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.status, value: status },
    ...(waitingFor || wasWaiting
      ? [
          { key: SEARCH_ATTRIBUTES.waitingFor, value: waitingFor?.key ?? null },
          { key: SEARCH_ATTRIBUTES.waitingSince, value: waitingFor ? new Date(waitingFor.since) : null },
        ]
      : []),
  ]);
}

export type {
  TransactionDocument,
  TransactionDraft,
  TransactionInput,
  TransactionOperation,
  TransactionOperationRecord,
  TransactionReport,
  TransactionSnapshot,
  UndoDecisionRecord,
  UndoRecord,
} from './transaction.schema.ts';

export const OPEN_TRANSACTION_STATUSES = ['running', 'undoing', 'awaiting_operator'] as const;
/** `failed`: an undo failed, so that neither all nor nothing is done. */
export const CLOSED_TRANSACTION_STATUSES = ['committed', 'undone', 'failed'] as const;
export const TRANSACTION_STATUSES = [...OPEN_TRANSACTION_STATUSES, ...CLOSED_TRANSACTION_STATUSES] as const;

export type ClosedTransactionStatus = (typeof CLOSED_TRANSACTION_STATUSES)[number];
export type TransactionStatus = (typeof TRANSACTION_STATUSES)[number];

export const TRANSACTION_OPERATION_STATUSES = [
  'pending',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'undone',
  'undo_failed',
  'not_begun',
] as const;

export const UNDO_FAILURE_POLICIES = ['report', 'park'] as const;

export const DEFAULT_OPERATION_TIMEOUT = '10m';

/** What a person may decide on an undo that has failed. */
export const UNDO_DECISIONS = ['retry', 'skip'] as const;
export type UndoDecision = (typeof UNDO_DECISIONS)[number];

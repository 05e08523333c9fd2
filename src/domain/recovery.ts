export type {
  ActionRecord,
  AllowedDecision,
  Attempt,
  OpenApproval,
  RecordedError,
  RecoverySnapshot,
  Resolution,
  TimelineEntry,
  WaitingFor,
} from './recovery.schema.ts';

export const OPEN_RECOVERY_STATUSES = [
  'planning',
  'awaiting_approval',
  'executing',
  'awaiting_operator',
  'paused',
  'verifying',
  'compensating',
] as const;
export const CLOSED_RECOVERY_STATUSES = ['recovered', 'partial', 'failed', 'escalated', 'cancelled'] as const;
export const RECOVERY_STATUSES = [...OPEN_RECOVERY_STATUSES, ...CLOSED_RECOVERY_STATUSES] as const;

export type ClosedRecoveryStatus = (typeof CLOSED_RECOVERY_STATUSES)[number];
export type RecoveryStatus = (typeof RECOVERY_STATUSES)[number];

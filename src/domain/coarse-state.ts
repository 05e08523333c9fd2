import { OPEN_RECOVERY_STATUSES, type RecoveryStatus } from './recovery.ts';

/** Requirement 4.11. */
export const COARSE_STATES = ['idle', 'in_progress', 'succeeded', 'failed', 'cancelled'] as const;
export type CoarseState = (typeof COARSE_STATES)[number];

/** A recovery's status in five words; without a status nothing has ever been recovered: `idle`. */
export function coarseStateOf(status: RecoveryStatus | undefined): CoarseState {
  if (status === undefined) return 'idle';
  if ((OPEN_RECOVERY_STATUSES as readonly RecoveryStatus[]).includes(status)) return 'in_progress';
  if (status === 'cancelled') return 'cancelled';
  return status === 'recovered' || status === 'partial' ? 'succeeded' : 'failed';
}

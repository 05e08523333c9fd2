export type { ActionSpec, CompensationSpec, PlannedAction, RetrySpec } from './action.schema.ts';
import type { RetrySpec } from './action.schema.ts';

/** Requirement 4.1. */
export const ACTION_TYPES = [
  'retry',
  'resume',
  'rollback',
  'skip',
  'run',
  'wait',
  'manual',
  'escalate',
  'abort',
] as const;
export type ActionType = (typeof ACTION_TYPES)[number];

export const ACTION_STATUSES = [
  'pending',
  'running',
  'waiting',
  'succeeded',
  'failed',
  /** Passed over, by a person's decision or because the action refused to apply. */
  'skipped',
  /** The failure was resolved before its turn came. */
  'not_needed',
  'timed_out',
  'cancelled',
  'compensated',
  'compensation_failed',
] as const;
export type ActionStatus = (typeof ACTION_STATUSES)[number];

/** Requirement 4.3: these end the plan when they fail, the others let the next action try. */
export const REQUIRED_BY_DEFAULT: Record<ActionType, boolean> = {
  retry: false,
  resume: false,
  rollback: false,
  skip: false,
  run: true,
  wait: false,
  manual: true,
  escalate: true,
  abort: true,
};

/** Requirement 4.3 for retry and rollback, 4.2 (10 s) for the rest; a manual step waits for a person. */
export const DEFAULT_TIMEOUT = {
  retry: '30s',
  resume: '60s',
  rollback: '60s',
  skip: '10s',
  run: '30s',
  wait: '10s',
  manual: '30m',
  escalate: '10s',
  abort: '10s',
} as const satisfies Record<ActionType, string>;

export const RETRY_STRATEGIES = ['exponential', 'linear', 'adaptive'] as const;
export const JITTER_METHODS = ['none', 'full', 'equal', 'decorrelated'] as const;

export const DEFAULT_RETRY: RetrySpec = {
  maximumAttempts: 1,
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '60s',
  jitter: 0.5,
};

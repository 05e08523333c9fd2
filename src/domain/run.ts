export type { RecoveryOutcome, RunInput, RunReport, RunSnapshot, RunStepRecord } from './run.schema.ts';

export const RUN_STATUSES = ['running', 'recovering', 'compensating', 'succeeded', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
export const RUN_STEP_STATUSES = [
  'pending',
  'running',
  'succeeded',
  'recovered',
  'skipped',
  /** Its condition or lane left it out. */
  'not_needed',
  'failed',
  'compensated',
] as const;

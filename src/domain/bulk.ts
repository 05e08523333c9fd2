import type { TreatedExecution } from './bulk.schema.ts';

export type { BulkInput, BulkInputGiven, BulkReport, TreatedExecution } from './bulk.schema.ts';

/** How a closed execution is recovered: again from before the step that failed, or from its start with the same input. */
export const RECOVERY_WAYS = ['reset', 'restart'] as const;
export type RecoveryWay = (typeof RECOVERY_WAYS)[number];

export const BULK_STATUSES = ['running', 'paused', 'done', 'stopped', 'cancelled', 'dry-run'] as const;
export type BulkStatus = (typeof BULK_STATUSES)[number];

/** `running`: it went on and had neither succeeded nor failed when it was watched for long enough. */
export const EXECUTION_RESULTS = ['recovered', 'running', 'failed', 'skipped'] as const;
export type ExecutionResult = (typeof EXECUTION_RESULTS)[number];

/** A percentage says nothing before. */
const LEAST_FOR_PERCENT = 10;

/** Has it had more errors than it may? Skipped ones are not counted. */
export function exceedsErrors(
  maxErrors: number | string,
  { failed, treated }: { failed: number; treated: number },
): boolean {
  if (typeof maxErrors === 'number') return failed > maxErrors;
  return treated >= LEAST_FOR_PERCENT && (failed / treated) * 100 > Number.parseInt(maxErrors, 10);
}

/** The last so many, those that failed longest: they are what a person has to look at. */
export function keepLast(executions: readonly TreatedExecution[], kept: number): TreatedExecution[] {
  let surplus = executions.length - kept;
  if (surplus <= 0) return [...executions];
  const left = executions.filter(({ result }) => result === 'failed' || surplus-- <= 0);
  return left.slice(-kept);
}

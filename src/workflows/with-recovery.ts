import { isCancellation, TemporalFailure } from '@temporalio/workflow';
import type { Operation } from '../domain/operation.ts';
import { SHARED_TASK_QUEUE } from '../domain/wire-names.ts';
import { askRecovery, type FailureHints } from './steps/ask-recovery.ts';
import { leftAlone } from './steps/recovery-context.ts';

export interface WithRecoveryOptions<T> {
  /** What broke, and the lock: one recovery at a time for `payments/card`. */
  target: string;
  /** Of the step, as plans and reports show it. Default: `step`. */
  name?: string;
  /** Whose checkpoints a plan may go back to. */
  subject?: string;
  /** By name, instead of by choice. */
  playbook?: string;
  /** What the failure is, where you know it better than rules can tell. */
  classify?: FailureHints;
  /** What a recovery does again by itself; a person may change its input. Without it, it has this workflow run `retry`. */
  operation?: Operation;
  /** The step, done again. Default: the step itself. */
  retry?: () => Promise<T>;
  /** The result of a step that was left out. With it, a plan may skip the step without a person's approval. */
  fallback?: () => T;
  /** One after the other, when it fails again. Default 2. */
  maxRecoveries?: number;
  /** Queue of Rerail's workers. Default `rerail`. */
  taskQueue?: string;
}

/**
 * Does a step of a workflow and has its failure recovered: a retry, another input or a supplied output gives the result;
 * a skipped step gives the fallback or undefined. Throws the step's own error when it was not recovered. Plain errors are
 * bugs to Temporal, which tries the workflow task again: only Temporal's failures (of activities, children, and
 * `ApplicationFailure`) are handed over, and a cancellation never is.
 */
export async function withRecovery<T>(step: () => Promise<T>, options: WithRecoveryOptions<T>): Promise<T> {
  const { name = 'step', retry = step, fallback, maxRecoveries = 2, taskQueue = SHARED_TASK_QUEUE } = options;
  const { target, subject, playbook, classify, operation } = options;
  let attempt = step;
  for (let recoveries = 0; ; recoveries++) {
    try {
      return await leftAlone(attempt);
    } catch (error) {
      if (!(error instanceof TemporalFailure) || isCancellation(error) || recoveries >= maxRecoveries) throw error;
      const what = { name, target, subject, playbook, classify, operation, taskQueue };
      const ending = await askRecovery({ ...what, run: retry, optional: fallback !== undefined }, error);
      if (ending.how === 'unrecovered') throw error;
      if (ending.how === 'done') return ending.value as T;
      if (ending.how === 'skipped') return fallback ? fallback() : (undefined as T);
      attempt = retry;
    }
  }
}

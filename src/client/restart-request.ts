import type { Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';
import type { HistoryEvent } from './reset-point.ts';

type StartRequest = Parameters<Client['workflowService']['startWorkflowExecution']>[0];

const ALLOW_IF_FAILED = 2;
const CONFLICT_FAIL = 1;

/**
 * Asks for the execution of this history once more: type, input, queue, memo, search attributes and time-outs as its
 * first event has them, byte for byte. A parent or a schedule that had started it is not told.
 */
export function restartRequest(
  events: readonly HistoryEvent[],
  { namespace, workflowId, requestId }: { namespace: string; workflowId: string; requestId: string },
): StartRequest {
  const started = events[0]?.workflowExecutionStartedEventAttributes;
  if (!started?.workflowType) {
    throw new RerailError('action-not-applicable', `the history of ${workflowId} has no first event`, {
      remedy: 'Start it anew with an input of your own.',
      nonRetryable: true,
    });
  }
  const { workflowType, taskQueue, input, memo, searchAttributes, header, retryPolicy } = started;
  const { workflowExecutionTimeout, workflowRunTimeout, workflowTaskTimeout, priority } = started;
  return {
    namespace,
    workflowId,
    requestId,
    workflowType,
    taskQueue: { name: taskQueue?.name ?? '' },
    workflowIdReusePolicy: ALLOW_IF_FAILED,
    workflowIdConflictPolicy: CONFLICT_FAIL,
    ...(input ? { input } : {}),
    ...(memo ? { memo } : {}),
    ...(searchAttributes ? { searchAttributes } : {}),
    ...(header ? { header } : {}),
    ...(retryPolicy ? { retryPolicy } : {}),
    ...(workflowExecutionTimeout ? { workflowExecutionTimeout } : {}),
    ...(workflowRunTimeout ? { workflowRunTimeout } : {}),
    ...(workflowTaskTimeout ? { workflowTaskTimeout } : {}),
    ...(priority ? { priority } : {}),
  };
}

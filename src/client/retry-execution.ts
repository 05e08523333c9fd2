import type { Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';
import { resetExecution } from './reset-point.ts';

export interface RetryExecutionInput {
  workflowId: string;
  runId?: string | undefined;
  /** The same id again resets once. */
  requestId: string;
}

/**
 * Retries a closed Temporal execution of the user's own: a reset to the workflow task that scheduled its last failed
 * activity, or to its last one, and the wait for the new run's result.
 */
export async function retryExecution(client: Client, input: RetryExecutionInput): Promise<unknown> {
  const { workflowId, requestId } = input;
  const handle = client.workflow.getHandle(workflowId, input.runId);
  const { status, runId } = await handle.describe();
  if (status.name === 'RUNNING') {
    throw new RerailError(
      'action-not-applicable',
      `${workflowId} is still running, only a closed execution can be retried`,
      {
        remedy: 'Wait for its end or cancel it.',
        nonRetryable: true,
      },
    );
  }
  const { events } = await handle.fetchHistory();
  const reset = { workflowId, runId, reason: 'retried by a recovery', requestId };
  const newRunId = await resetExecution(client, reset, events ?? []);
  return client.workflow.getHandle(workflowId, newRunId).result();
}

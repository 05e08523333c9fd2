import type { Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';

export interface RetryExecutionInput {
  workflowId: string;
  runId?: string | undefined;
  /** The same id again resets once. */
  requestId: string;
}

/** Ids of events as the history gives them: numbers of 64 bits. */
const numberOf = (id: unknown): number => Number(String(id));

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
  const all = events ?? [];
  const failed = all.findLast(
    (event) => event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes,
  );
  const scheduledId = (failed?.activityTaskFailedEventAttributes ?? failed?.activityTaskTimedOutEventAttributes)
    ?.scheduledEventId;
  const scheduled = all.find((event) => scheduledId !== undefined && numberOf(event.eventId) === numberOf(scheduledId));
  const finishedTask =
    scheduled?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId ??
    all.findLast((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
  if (finishedTask === undefined || finishedTask === null) {
    throw new RerailError(
      'action-not-applicable',
      `${workflowId} never completed a workflow task, there is nothing to reset to`,
      {
        remedy: 'Start it anew.',
        nonRetryable: true,
      },
    );
  }
  const reset = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'retried by a recovery',
    workflowTaskFinishEventId: finishedTask,
    requestId,
  });
  return client.workflow.getHandle(workflowId, reset.runId).result();
}

import type { Client, WorkflowHandle } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';

export type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];
type EventId = NonNullable<HistoryEvent['eventId']>;
type Failure = NonNullable<HistoryEvent['workflowExecutionFailedEventAttributes']>['failure'];

/** Ids of events as the history gives them: numbers of 64 bits. */
const numberOf = (id: unknown): number => Number(String(id));

/** The step that the workflow's own failure names as its cause. */
function stepInFailure(failure: Failure): unknown {
  for (let link = failure; link; link = link.cause) {
    const id = link.activityFailureInfo?.scheduledEventId ?? link.childWorkflowExecutionFailureInfo?.initiatedEventId;
    if (id !== undefined && id !== null && numberOf(id) > 0) return id;
  }
  return undefined;
}

/** The last activity that failed, for a workflow that threw an error of its own because of it. */
function lastFailedActivity(events: readonly HistoryEvent[]): unknown {
  const failed = events.findLast(
    (event) => event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes,
  );
  return (failed?.activityTaskFailedEventAttributes ?? failed?.activityTaskTimedOutEventAttributes)?.scheduledEventId;
}

/**
 * The id of the workflow task to reset a closed execution to: the one that asked for the step which failed it, or its last
 * one. Undefined when none was ever completed.
 */
export function findResetPoint(events: readonly HistoryEvent[]): EventId | undefined {
  const closed = events.findLast((event) => event.workflowExecutionFailedEventAttributes);
  const step =
    stepInFailure(closed?.workflowExecutionFailedEventAttributes?.failure) ?? lastFailedActivity(events) ?? undefined;
  const asked = events.find((event) => step !== undefined && numberOf(event.eventId) === numberOf(step));
  const task =
    asked?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId ??
    asked?.startChildWorkflowExecutionInitiatedEventAttributes?.workflowTaskCompletedEventId ??
    events.findLast((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
  return task ?? undefined;
}

export interface ResetRequest {
  workflowId: string;
  runId: string;
  reason: string;
  /** The same id again resets once. */
  requestId: string;
}

/** Resets to `findResetPoint` and gives the new run's id. Throws `action-not-applicable` where there is nothing to go back to. */
export async function resetExecution(
  client: Client,
  { workflowId, runId, reason, requestId }: ResetRequest,
  events: readonly HistoryEvent[],
): Promise<string> {
  const point = findResetPoint(events);
  if (point === undefined) {
    throw new RerailError('action-not-applicable', `${workflowId} never completed a workflow task: no reset`, {
      remedy: 'Start it again from its beginning: rerail execution recover --how restart.',
      nonRetryable: true,
    });
  }
  const { runId: newRunId } = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason,
    requestId,
    workflowTaskFinishEventId: point,
  });
  return newRunId;
}

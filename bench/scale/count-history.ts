import type { Client } from '@temporalio/client';

/** What one history holds, and what Temporal Cloud would bill for it. */
export interface HistoryCounts {
  events: number;
  /** As the server counts them. */
  bytes: number;
  stateTransitions: number;
  workflowTasks: number;
  activityTasks: number;
  localActivities: number;
  timers: number;
  signals: number;
  updates: number;
  attributeUpserts: number;
  memoChanges: number;
  /** Billable by the rule of docs/scaling.md, without queries and heartbeats, which leave no event. */
  actions: number;
}

/** The part of an event that is counted. */
interface CountedEvent {
  workflowExecutionStartedEventAttributes?: unknown;
  workflowTaskCompletedEventAttributes?: unknown;
  activityTaskScheduledEventAttributes?: unknown;
  activityTaskStartedEventAttributes?: { attempt?: number | null } | null;
  markerRecordedEventAttributes?: {
    markerName?: string | null;
    workflowTaskCompletedEventId?: { toString(): string } | null;
  } | null;
  timerStartedEventAttributes?: unknown;
  workflowExecutionSignaledEventAttributes?: unknown;
  workflowExecutionUpdateAcceptedEventAttributes?: unknown;
  upsertWorkflowSearchAttributesEventAttributes?: unknown;
  workflowPropertiesModifiedEventAttributes?: unknown;
  startChildWorkflowExecutionInitiatedEventAttributes?: unknown;
}

export function countEvents(
  events: readonly CountedEvent[],
): Omit<HistoryCounts, 'events' | 'bytes' | 'stateTransitions'> {
  const having = (field: keyof CountedEvent): number =>
    events.filter((event) => (event[field] ?? undefined) !== undefined).length;
  const markers = events.flatMap(({ markerRecordedEventAttributes: marker }) => marker ?? []);
  const retries = events.reduce(
    (sum, { activityTaskStartedEventAttributes: started }) => sum + Math.max(0, (started?.attempt ?? 1) - 1),
    0,
  );
  const counts = {
    workflowTasks: having('workflowTaskCompletedEventAttributes'),
    activityTasks: having('activityTaskScheduledEventAttributes'),
    localActivities: markers.filter(({ markerName }) => markerName === 'core_local_activity').length,
    timers: having('timerStartedEventAttributes'),
    signals: having('workflowExecutionSignaledEventAttributes'),
    updates: having('workflowExecutionUpdateAcceptedEventAttributes'),
    attributeUpserts: having('upsertWorkflowSearchAttributesEventAttributes'),
    memoChanges: having('workflowPropertiesModifiedEventAttributes'),
  };
  const { activityTasks, timers, signals, updates, attributeUpserts } = counts;
  // All markers of one workflow task are one action; so are all attributes of one upsert. A child costs two.
  const marked = new Set(markers.map((marker) => marker.workflowTaskCompletedEventId?.toString())).size;
  const started = having('workflowExecutionStartedEventAttributes');
  const children = having('startChildWorkflowExecutionInitiatedEventAttributes');
  return {
    ...counts,
    actions: started + activityTasks + retries + marked + timers + signals + updates + attributeUpserts + 2 * children,
  };
}

/** Of the run that is there now. */
export async function countHistory(client: Client, workflowId: string, runId?: string): Promise<HistoryCounts> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const { events } = await handle.fetchHistory();
  const { historySize, raw } = await handle.describe();
  return {
    events: events?.length ?? 0,
    bytes: historySize ?? 0,
    stateTransitions: Number(raw.workflowExecutionInfo?.stateTransitionCount?.toString() ?? 0),
    ...countEvents(events ?? []),
  };
}

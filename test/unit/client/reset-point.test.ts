import { describe, expect, it } from 'vitest';
import { findResetPoint, type HistoryEvent } from '../../../src/client/reset-point.ts';

const event = (eventId: number, attributes: object): HistoryEvent => ({ eventId, ...attributes }) as never;
const task = (id: number) => event(id, { workflowTaskCompletedEventAttributes: {} });
const scheduled = (id: number, workflowTaskCompletedEventId: number) =>
  event(id, { activityTaskScheduledEventAttributes: { workflowTaskCompletedEventId } });
const activityFailed = (id: number, scheduledEventId: number) =>
  event(id, { activityTaskFailedEventAttributes: { scheduledEventId } });
const closed = (id: number, failure: object) => event(id, { workflowExecutionFailedEventAttributes: { failure } });

describe('the point to reset to', () => {
  it('is the task that asked for the step which the failure names, however deep', () => {
    const early = [task(4), scheduled(5, 4), activityFailed(7, 5), task(10), scheduled(11, 10), activityFailed(13, 11)];
    expect(
      findResetPoint([...early, task(16), closed(17, { cause: { activityFailureInfo: { scheduledEventId: 5 } } })]),
    ).toBe(4);
    const child = event(20, {
      startChildWorkflowExecutionInitiatedEventAttributes: { workflowTaskCompletedEventId: 16 },
    });
    const ofChild = { cause: { childWorkflowExecutionFailureInfo: { initiatedEventId: 20 } } };
    expect(findResetPoint([...early, task(16), child, task(22), closed(23, ofChild)])).toBe(16);
  });

  it('is otherwise the last failed activity, then the last task, then nowhere', () => {
    expect(findResetPoint([task(4), scheduled(5, 4), activityFailed(7, 5), task(10), closed(11, {})])).toBe(4);
    expect(findResetPoint([task(4), task(9), closed(10, {})])).toBe(9);
    expect(findResetPoint([event(1, {})])).toBeUndefined();
  });
});

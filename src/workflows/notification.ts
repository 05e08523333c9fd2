import { proxyActivities } from '@temporalio/workflow';
import type { SharedActivities } from '../activities/index.ts';
import type { Occurrence } from '../domain/notification.ts';

export interface NotificationInput {
  occurrence: Occurrence;
  /** Name of the channel in the definition file. */
  channel: string;
}

export interface NotificationResult {
  sent: boolean;
  /** Why it was not. */
  why?: string;
}

/**
 * One message to one channel. Its id says what it is about, and an id is used once: whoever starts it a second time
 * starts nothing. A channel that stays away for six hours makes it fail, and nothing else.
 */
export async function notification({ occurrence, channel }: NotificationInput): Promise<NotificationResult> {
  const { sendNotification } = proxyActivities<SharedActivities>({
    startToCloseTimeout: '30s',
    heartbeatTimeout: '5s',
    scheduleToCloseTimeout: '6h',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' },
    summary: `${occurrence.event} to ${channel}`,
  });
  return sendNotification({ occurrence, channel });
}

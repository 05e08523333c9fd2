import { continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { SharedActivities } from '../activities/index.ts';

export interface NotifierInput {
  /** What has closed before is old news. ISO 8601. */
  since: string;
}

/** So many watches are one history: each is an hour, or until its worker stops. */
const WATCHES = 200;

/**
 * Watches the recoveries of a task queue for as long as it exists, one activity after the other. A worker that dies leaves the
 * watch to another one, which begins where that one was.
 */
export async function notifier({ since }: NotifierInput): Promise<void> {
  const { watchRecoveries } = proxyActivities<SharedActivities>({
    startToCloseTimeout: '2h',
    heartbeatTimeout: '15s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
    summary: 'tells people of what happens to recoveries',
  });
  let from = since;
  for (let watch = 0; watch < WATCHES && !workflowInfo().continueAsNewSuggested; watch++) {
    ({ since: from } = await watchRecoveries({ since: from }));
  }
  await continueAsNew<typeof notifier>({ since: from });
}

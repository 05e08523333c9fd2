import { proxyActivities } from '@temporalio/workflow';
import type { SharedActivities } from '../src/activities/index.ts';

export { recovery } from '../src/workflows/recovery.ts';

const { noop } = proxyActivities<SharedActivities>({ startToCloseTimeout: '30s', retry: { maximumAttempts: 1 } });

/** The yardstick: what anybody would write by hand, without plan, report or undo. */
export async function threeNoOps(): Promise<void> {
  await noop();
  await noop();
  await noop();
}

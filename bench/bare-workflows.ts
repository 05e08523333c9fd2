import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { SharedActivities } from '../src/activities/index.ts';

const OPTIONS = { startToCloseTimeout: '30s', retry: { maximumAttempts: 1 } } as const;
const regular = proxyActivities<SharedActivities>(OPTIONS);
const local = proxyLocalActivities<SharedActivities>(OPTIONS);

/** The yardstick: what anybody would write by hand, without plan, report or undo. */
export async function threeNoOps(): Promise<void> {
  await regular.noop();
  await regular.noop();
  await regular.noop();
}

/** The same, without a way to the server and back for each of them. */
export async function threeLocalNoOps(): Promise<void> {
  await local.noop();
  await local.noop();
  await local.noop();
}

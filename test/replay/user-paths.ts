import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { until } from '../support/harness.ts';
import type { UserHarness } from '../support/user/user-harness.ts';

const BY = { by: 'ada', reason: 'a test' };

/** One path of a user's workflow, in a worker with the interceptor. */
export interface UserPath {
  name: string;
  /** Error type that the activity throws, and how often. */
  fails: { type: string; times: number };
  workflow: string;
  /** The worker of that time had other rules. */
  rules: 'in force' | 'none';
  meanwhile?: (harness: UserHarness) => Promise<unknown>;
}

const ALWAYS = 1000;

const decide = (decision: object) => async (harness: UserHarness) => {
  const recovery = harness.recoveries.getHandle(harness.target);
  await until(async () => (await recovery.status().catch(() => undefined))?.waitingFor !== undefined, 'the decision');
  await recovery.decide({ ...BY, actionId: 'retry', ...decision } as never);
};

export const USER_PATHS: UserPath[] = [
  { name: 'order-retried', workflow: 'orderCharge', fails: { type: 'E-RETRY', times: 2 }, rules: 'in force' },
  { name: 'order-skipped', workflow: 'orderCharge', fails: { type: 'E-SKIP', times: ALWAYS }, rules: 'in force' },
  { name: 'order-not-recovered', workflow: 'orderCaught', fails: { type: 'E-ESCALATE', times: 1 }, rules: 'in force' },
  {
    name: 'order-done-by-its-workflow',
    workflow: 'orderReserve',
    fails: { type: 'E-RETRY', times: 2 },
    rules: 'in force',
  },
  {
    name: 'order-supplied',
    workflow: 'orderCharge',
    fails: { type: 'E-ASK', times: ALWAYS },
    rules: 'in force',
    meanwhile: decide({ decision: 'supply', output: 5 }),
  },
  { name: 'order-without-rules', workflow: 'orderCaught', fails: { type: 'E-RETRY', times: 1 }, rules: 'none' },
  { name: 'explicit-retried', workflow: 'explicit', fails: { type: 'E-RETRY', times: 2 }, rules: 'in force' },
];

/** Goes the path, and returns the id of the workflow whose history is kept. */
export async function playUserPath(harness: UserHarness, { fails, workflow, meanwhile }: UserPath): Promise<string> {
  let left = fails.times;
  const activity = () => {
    if (left-- > 0) throw ApplicationFailure.create({ message: 'refused', type: fails.type });
    return 'paid';
  };
  harness.users['charge'] = harness.users['reserve'] = activity;
  const handle = await harness.client.workflow.start(workflow, {
    taskQueue: harness.taskQueue,
    workflowId: `${workflow}-${randomUUID().slice(0, 8)}`,
    args: [{ target: harness.target }],
  });
  await meanwhile?.(harness);
  // How it ends is part of the path.
  await handle.result().catch(() => undefined);
  return handle.workflowId;
}

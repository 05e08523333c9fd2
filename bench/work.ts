import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { createRecoveryClient } from '../src/client/recovery-client.ts';

export interface WorkPlace {
  client: Client;
  taskQueue: string;
  /** Whether the worker runs in this process, on the client's connection; then workflows start eagerly. */
  workerIsHere: boolean;
}

/** One bare workflow, from start to result. */
export const bareWork =
  ({ client, taskQueue, workerIsHere }: WorkPlace, type: 'threeNoOps' | 'threeLocalNoOps') =>
  async (): Promise<void> => {
    await client.workflow.execute(type, {
      workflowId: `${type}/${randomUUID()}`,
      taskQueue,
      requestEagerStart: workerIsHere,
    });
  };

/** One recovery of three no-op actions, from the report of the failure to the report of the recovery. */
export function recoveryWork({ client, taskQueue, workerIsHere }: WorkPlace): () => Promise<void> {
  const recoveries = createRecoveryClient({ client, taskQueue, sharesWorkerConnection: workerIsHere });
  return async () => {
    const { handle } = await recoveries.start({
      target: `bench/${randomUUID()}`,
      message: 'no-op',
      operation: { kind: 'activity', name: 'noop' },
    });
    const { status } = await handle.result();
    if (status !== 'recovered') throw new Error(`the recovery ended ${status}`);
  };
}

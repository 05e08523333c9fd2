import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';

/** Healthy: this container's worker has asked the server for work within the last two minutes. */
const RECENT_MS = 120_000;
const ACTIVITY_QUEUE = 2;

const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS, connectTimeout: 5000 });
const { pollers } = await connection.workflowService.describeTaskQueue({
  namespace: process.env.TEMPORAL_NAMESPACE ?? 'default',
  taskQueue: { name: process.env.RERAIL_TASK_QUEUE ?? 'rerail' },
  taskQueueType: ACTIVITY_QUEUE,
});
const alive = pollers.some(({ identity, lastAccessTime }) => {
  return identity?.includes(hostname()) && Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < RECENT_MS;
});
await connection.close();
process.exit(alive ? 0 : 1);

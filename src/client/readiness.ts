import type { Client } from '@temporalio/client';
import { messageOf } from '../domain/errors.ts';
import { translateError } from './errors.ts';

export interface ReadinessCheck {
  name: 'server' | 'namespace' | 'worker';
  ok: boolean;
  detail?: string;
}

/** Of Temporal's enum TaskQueueType. */
const WORKFLOW_QUEUE = 1;
/** A worker asks at least this often; one that has not is gone. */
const POLLED_WITHIN_MS = 5 * 60_000;
const ANSWER_WITHIN_MS = 3000;

/** Whether a worker has asked the queue for work lately. */
export async function isPolled(client: Client, taskQueue: string, now: number = Date.now()): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: WORKFLOW_QUEUE,
  });
  const seen = pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds?.toString() ?? 0) * 1000);
  return seen.some((at) => at > now - POLLED_WITHIN_MS);
}

/** Whether work can be done at all: a server, the namespace and somebody who polls the task queue. Never throws. */
export function createReadiness(client: Client, taskQueue: string, now: () => number = Date.now) {
  const { workflowService: service } = client;
  const { namespace } = client.options;
  const check = async (name: ReadinessCheck['name'], work: () => Promise<unknown>): Promise<ReadinessCheck> => {
    try {
      await client.connection.withDeadline(now() + ANSWER_WITHIN_MS, work);
      return { name, ok: true };
    } catch (error) {
      return { name, ok: false, detail: messageOf(translateError(error, name)) };
    }
  };
  const findPoller = async (): Promise<void> => {
    if (!(await isPolled(client, taskQueue, now()))) throw new Error(`no worker polls the task queue ${taskQueue}`);
  };
  return (): Promise<ReadinessCheck[]> =>
    Promise.all([
      check('server', () => service.getSystemInfo({})),
      check('namespace', () => service.describeNamespace({ namespace })),
      check('worker', findPoller),
    ]);
}

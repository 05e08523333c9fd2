import { codeOf, messageOf } from '../../domain/errors.ts';
import { SEEN_WITHIN_MS, timestampMs } from '../../domain/host.ts';
import { judge, type LookAt } from './look.ts';

/** Numbers of the server's enum TaskQueueType. */
const TYPES = { workflow: 1, activity: 2 } as const;

export const lookAtTaskQueue: LookAt<'temporalTaskQueue'> = async (spec, { temporal }) => {
  if (temporal === undefined)
    return { passed: false, observed: 'there is no Temporal server to ask', failureType: 'network' };
  const { taskQueue, type, minPollers, maxBacklog } = spec;
  try {
    const client = await temporal();
    const namespace = spec.namespace ?? client.options.namespace;
    const { pollers, stats } = await client.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: TYPES[type],
      reportStats: true,
    });
    // Temporal remembers a poller for five minutes; one that is alive asks again within a minute.
    const oldest = Date.now() - SEEN_WITHIN_MS;
    const alive = pollers.filter(({ lastAccessTime }) => timestampMs(lastAccessTime) >= oldest).length;
    const limits = [{ what: `pollers of ${taskQueue}`, value: alive, unit: '', min: minPollers }];
    if (alive < minPollers) return judge(limits, 'disconnected');
    const backlog = Number(stats?.approximateBacklogCount?.toString() ?? 0);
    return judge(
      maxBacklog === undefined
        ? limits
        : [...limits, { what: 'backlog', value: backlog, unit: 'tasks', max: maxBacklog }],
      'performance',
    );
  } catch (error) {
    const observed = `${codeOf(error) ?? 'the server'}: ${messageOf(error)}`;
    return { passed: false, observed, failureType: 'network' };
  }
};

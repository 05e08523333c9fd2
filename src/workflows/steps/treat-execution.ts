import { isCancellation } from '@temporalio/workflow';
import type { ClosedExecution } from '../../activities/executions.ts';
import { formatMs, toMs } from '../../domain/duration.ts';
import type { TreatedExecution } from '../../domain/bulk.ts';
import { sharedActivities } from '../activity-proxies.ts';
import type { BulkState } from '../bulk-state.ts';
import { recordError } from './record-error.ts';

type Treated = Omit<TreatedExecution, 'at'>;

/** Beyond the time that it is watched. */
const GRACE_MS = 30_000;

/** The answers that are nobody's fault but the input's: a breaker is not told of them. */
export const saysSomething = ({ result }: Pick<Treated, 'result'>): boolean => result !== 'skipped';

/** Recovers one execution and watches how it goes on. Throws nothing but a cancellation. */
export async function treatExecution({ input, progress }: BulkState, execution: ClosedExecution): Promise<Treated> {
  const { workflowId, runId } = execution;
  const { how, name, by, reason, maxFailures, watchFor } = input;
  try {
    const recovered = await sharedActivities({
      timeout: '30s',
      summary: `${how} ${workflowId}`.slice(0, 190),
    }).recoverExecution({
      ...execution,
      how,
      maxFailures,
      reason: `bulk ${name}, by ${by}: ${reason}`,
      // The same in every attempt, and another one in another bulk.
      requestId: `${name}/${progress.seed}/${runId}`,
    });
    if ('skipped' in recovered) return { ...execution, result: 'skipped', note: recovered.skipped };
    const { newRunId } = recovered;
    const forMs = toMs(watchFor);
    const { result, note } = await sharedActivities({
      timeout: `${forMs + GRACE_MS}ms`,
      heartbeat: '8s',
      summary: `watch ${workflowId}, at most ${formatMs(forMs)}`.slice(0, 190),
    }).watchExecution({ workflowId, runId: newRunId, forMs });
    return { ...execution, newRunId, result, ...(note === undefined ? {} : { note }) };
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { workflowId, runId, result: 'failed', note: recordError(error).message.slice(0, 500) };
  }
}

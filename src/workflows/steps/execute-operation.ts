import {
  ActivityCancellationType,
  ApplicationFailure,
  executeChild,
  ParentClosePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import type { Json } from '../../domain/canonical-json.ts';
import { toMs, type Duration } from '../../domain/duration.ts';
import { describeOperation, type Operation, type OperationResult } from '../../domain/operation.ts';
import { hostActivities, namedActivity, sharedActivities } from '../activity-proxies.ts';

export interface ExecuteOptions {
  /** Guards the effect: the same key is done once, however often a worker dies over it. */
  key: string;
  summary: string;
  /** Used where the operation has no time-out of its own. */
  timeout: Duration;
  /** Goes on after a cancellation only when the operation has really stopped, so that no effect comes after its undo. */
  waitWhenCancelled?: true;
}

/** A command's own limit is enforced on the host, with a kill ladder; Temporal's comes after it. */
const GRACE_MS = 30_000;
/** So soon another worker takes over after one has died: a command goes on in its own process and is only found again. */
const COMMAND_HEARTBEAT = '4s' as const;

const asResult = (output: unknown, startedAt: number): OperationResult => ({
  durationMs: Date.now() - startedAt,
  ...(output === undefined ? {} : { output: output as Json }),
});

/** Does one operation once. Throws what its activity throws. */
export async function executeOperation(operation: Operation, options: ExecuteOptions): Promise<OperationResult> {
  const timeout = operation.timeout ?? options.timeout;
  const summary = options.summary.slice(0, 190);
  const startedAt = Date.now();
  const cancellationType = options.waitWhenCancelled && ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
  const called = { summary, cancellationType };
  switch (operation.kind) {
    case 'command': {
      if (!operation.host)
        throw ApplicationFailure.nonRetryable(`no host is known for: ${describeOperation(operation)}`, 'invalid-input');
      const limits = { timeout: toMs(timeout) + GRACE_MS, heartbeat: COMMAND_HEARTBEAT };
      const { runCommand } = hostActivities(operation.host, { ...called, ...limits });
      return runCommand({ operation: { ...operation, timeout }, key: options.key });
    }
    case 'http':
      return sharedActivities({ ...called, timeout }).callHttp({ operation, key: options.key });
    case 'activity': {
      const { name, input, taskQueue, heartbeat } = operation;
      const activity = namedActivity(name, {
        startToCloseTimeout: timeout,
        summary,
        ...(cancellationType ? { cancellationType } : {}),
        ...(taskQueue ? { taskQueue } : {}),
        ...(heartbeat ? { heartbeatTimeout: heartbeat } : {}),
      });
      return asResult(await activity(input), startedAt);
    }
    case 'workflow': {
      const output: unknown = await executeChild(operation.type, {
        workflowId: options.key,
        args: operation.input === undefined ? [] : [operation.input],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        workflowRunTimeout: timeout,
        taskQueue: operation.taskQueue ?? workflowInfo().taskQueue,
      });
      return asResult(output, startedAt);
    }
    case 'execution': {
      const { workflowId, runId } = operation;
      const { retryExecution } = sharedActivities({ ...called, timeout });
      return asResult(await retryExecution({ workflowId, runId, requestId: options.key }), startedAt);
    }
  }
}

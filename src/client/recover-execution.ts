import { randomUUID } from 'node:crypto';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { RecoveredExecution, WatchedExecution } from '../activities/executions.ts';
import type { RecoveryWay } from '../domain/bulk.ts';
import { RerailError } from '../domain/errors.ts';
import { translateError } from './errors.ts';
import { createExecutions } from './executions.ts';

export interface RecoverExecution {
  workflowId: string;
  /** Default: the newest. */
  runId?: string;
  how?: RecoveryWay;
  reason: string;
  /** The same again finds what the first has done. */
  requestId?: string;
}

/** Recovers one closed execution of the user's own. */
export function createExecutionRecovery(client: Client) {
  const executions = createExecutions(client);

  async function find(workflowId: string, runId: string | undefined) {
    try {
      const found = await client.workflow.getHandle(workflowId, runId).describe();
      return { runId: found.runId, status: found.status.name, type: found.type };
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw translateError(error, workflowId);
      throw new RerailError('execution-not-found', `there is no execution ${workflowId}${runId ? ` ${runId}` : ''}`, {
        remedy: 'List them with `temporal workflow list`.',
        cause: error,
        nonRetryable: true,
      });
    }
  }

  return {
    /** What it is, before it is recovered. Throws `execution-not-found`. */
    find,
    /** Throws `execution-not-found`, `action-not-applicable` for one that did not fail or has a newer run. */
    async recover(input: RecoverExecution): Promise<{ workflowId: string; runId: string; newRunId: string }> {
      const { workflowId, how = 'reset', reason, requestId = randomUUID() } = input;
      const { runId } = await find(workflowId, input.runId);
      const done: RecoveredExecution = await executions.recover({ workflowId, runId, how, reason, requestId });
      if ('newRunId' in done) return { workflowId, runId, newRunId: done.newRunId };
      throw new RerailError('action-not-applicable', `${workflowId} is not recovered: ${done.skipped}`, {
        remedy: 'Only a failed execution whose newest run it is can be recovered; end a running one first.',
        nonRetryable: true,
      });
    },
    /** Where a recovered one stands. */
    look: (workflowId: string, runId: string): Promise<WatchedExecution> => executions.look({ workflowId, runId }),
  };
}

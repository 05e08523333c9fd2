import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Failure } from '../domain/failure.ts';
import { recoveryId } from '../domain/wire-names.ts';
import { reportUpdate, statusQuery } from '../workflows/messages.ts';
import { translateError } from './errors.ts';

export interface Resolved {
  /** With what the alert said when it fired; its message says that it is over. */
  failure: Failure;
  /** That the recovery was started with. */
  key: string;
}

export interface NotedResolved {
  outcome: 'none-open' | 'noted' | 'cancelled';
  workflowId: string;
}

/**
 * Tells the open recovery of a target that the alert behind it is over. One that this alert has started and that only waits
 * for its approval is cancelled; whatever has acted goes on, for an alert that is quiet proves nothing.
 */
export async function noteResolved(client: Client, { failure, key }: Resolved): Promise<NotedResolved> {
  const workflowId = recoveryId(failure.target);
  try {
    const { status, memo, runId } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') return { outcome: 'none-open', workflowId };
    const handle = client.workflow.getHandle(workflowId, runId);
    const { status: stands, actions, joined } = await handle.query(statusQuery);
    await handle.executeUpdate(reportUpdate, { args: [failure], updateId: `${key}-resolved` });
    const untouched = stands === 'awaiting_approval' && actions.every(({ attempts }) => attempts.length === 0);
    if (memo?.['startKey'] !== key || !untouched || joined > 0) return { outcome: 'noted', workflowId };
    await client.workflowService.requestCancelWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId, runId },
      reason: 'the alert is resolved',
      requestId: `${key}-resolved`,
    });
    return { outcome: 'cancelled', workflowId };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { outcome: 'none-open', workflowId };
    throw translateError(error, workflowId);
  }
}

import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { ResolvedAlert } from '../domain/alert.ts';
import { recoveryId } from '../domain/wire-names.ts';
import { alertResolvedUpdate, type ResolvedReceipt } from '../workflows/messages.ts';
import { translateError } from './errors.ts';

export interface Resolved {
  target: string;
  alert: ResolvedAlert;
  /** The same at every repeat of this message. */
  key: string;
}

export interface NotedResolved {
  outcome: 'none-open' | ResolvedReceipt['outcome'];
  workflowId: string;
  /** What the recovery has made of it. */
  note: string;
}

/** Tells the open recovery of a target that an alert about it is over; the recovery says what follows of that. */
export async function noteResolved(client: Client, { target, alert, key }: Resolved): Promise<NotedResolved> {
  const workflowId = recoveryId(target);
  const noneOpen: NotedResolved = { outcome: 'none-open', workflowId, note: 'no recovery of the target is open' };
  try {
    const { status, runId } = await client.workflow.getHandle(workflowId).describe();
    if (status.name !== 'RUNNING') return noneOpen;
    const { outcome, note } = await client.workflow
      .getHandle(workflowId, runId)
      .executeUpdate(alertResolvedUpdate, { args: [alert], updateId: `${key}-resolved` });
    return { outcome, workflowId, note };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return noneOpen;
    throw translateError(error, workflowId);
  }
}

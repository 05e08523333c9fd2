import type { Client } from '@temporalio/client';
import type { EarlierRecovery } from '../domain/continuation.ts';
import { RerailError } from '../domain/errors.ts';
import { planQuery, statusQuery } from '../workflows/messages.ts';
import type { RecoveryInput } from '../workflows/recovery-state.ts';
import type { recovery } from '../workflows/recovery.ts';
import { decodePayload } from './decode-payload.ts';
import { translateError } from './errors.ts';

const notPossible = (message: string, remedy: string): RerailError =>
  new RerailError('action-not-applicable', message, { remedy, nonRetryable: true });

/**
 * A closed recovery, from its report; of one that was killed, from what its history replays to, for which a worker has to
 * be up. Throws `action-not-applicable`, `recovery-not-found`.
 */
export async function readEarlier(client: Client, workflowId: string, runId?: string): Promise<EarlierRecovery> {
  try {
    const described = await client.workflow.getHandle<typeof recovery>(workflowId, runId).describe();
    const handle = client.workflow.getHandle<typeof recovery>(workflowId, described.runId);
    const status = described.status.name;
    if (status === 'RUNNING') {
      throw notPossible(`${workflowId} is still open`, 'Decide on it, or cancel or kill it first.');
    }
    if (status === 'COMPLETED') {
      const { failure, plan, actions, approvals } = await handle.result();
      if (plan) return { workflowId, runId: described.runId, failure, plan, actions, approvals };
      throw notPossible(`${workflowId} never had a plan`, 'Start a new recovery.');
    }
    const snapshot = await handle.query(statusQuery);
    const plan = await handle.query(planQuery);
    const failure = await readFailure(client, workflowId, described.runId);
    if (!plan) throw notPossible(`${workflowId} was killed before it had a plan`, 'Start a new recovery.');
    // Approvals are not part of a status: they are asked for again.
    return { workflowId, runId: described.runId, failure, plan, actions: snapshot.actions, approvals: [] };
  } catch (error) {
    throw translateError(error, workflowId);
  }
}

/** What a recovery was started with, from the first event of its history. */
async function readFailure(client: Client, workflowId: string, runId: string): Promise<RecoveryInput['failure']> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const payload = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!payload) throw notPossible(`what ${workflowId} was started with cannot be read`, 'Start a new recovery.');
  return (await decodePayload<RecoveryInput>(client, payload)).failure;
}

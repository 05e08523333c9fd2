import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { isComponentOfRun } from '../domain/drill.ts';
import { recoveryId, serviceStateId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { listExecutions } from './list-executions.ts';
import { quote } from './recovery-list.ts';

const REASON = 'its drill was killed, and what it worked on is taken away';

/** Whoever has ended meanwhile is what was wanted. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  });
}

/**
 * Ends what a drill that was killed has left open: its recovery, which would call people, and what clients of its services are
 * told. Nothing is undone, for all of it was in the sandbox. May be repeated. Throws `server-unreachable`.
 */
export async function endDrill(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<void> {
  await unlessGone(client.workflow.getHandle(recoveryId(workflowId)).terminate(REASON));
  const prefix = serviceStateId('');
  const services = await listExecutions(client, {
    query: `WorkflowType = ${quote(WORKFLOW_TYPES.serviceState)} AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH ${quote(serviceStateId('drill-'))}`,
    what: 'the services of drills',
    toRow: (info) => (isComponentOfRun(info.workflowId.slice(prefix.length), runId) ? info.workflowId : undefined),
  });
  for (const service of services) await unlessGone(client.workflow.getHandle(service).cancel());
}

import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Json } from '../domain/canonical-json.ts';
import type { RecoveryReport } from '../domain/report.ts';
import { retryStepUpdate } from '../workflows/messages.ts';
import type { recovery } from '../workflows/recovery.ts';

/** Has a workflow do a step again that waits for its recovery, and throws what the step throws. */
export async function retryInWorkflow(
  client: Client,
  { workflowId, runId, key, tryId }: { workflowId: string; runId: string; key: string; tryId: string },
): Promise<{ done: boolean }> {
  try {
    return await client.workflow
      .getHandle(workflowId, runId)
      .executeUpdate(retryStepUpdate, { args: [{ key }], updateId: `retry/${tryId}` });
  } catch (error) {
    // The step's own failure, not one of this call.
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}

/** The output that a person has supplied to a recovery; it is read from the report, so this waits until it has closed. */
export async function readSupplied(
  client: Client,
  { recoveryId, recoveryRunId }: { recoveryId: string; recoveryRunId: string },
): Promise<{ output: Json }> {
  const report: RecoveryReport = await client.workflow.getHandle<typeof recovery>(recoveryId, recoveryRunId).result();
  const { output } = report.decisions.findLast(({ decision }) => decision === 'supply') ?? {};
  return { output: output ?? null };
}

import type { Client } from '@temporalio/client';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import type { Failure } from '../domain/failure.ts';
import { createRecoveryClient } from './recovery-client.ts';
import { createLedgerCare } from './store-care.ts';
import { retryExecution, type RetryExecutionInput } from './retry-execution.ts';

/** What activities ask of Temporal itself: to start, to look, to list. The client is made from the worker's connection. */
export function createEngine(client: Client, taskQueue: string) {
  const recoveries = createRecoveryClient({ client, taskQueue, sharesWorkerConnection: true });
  return {
    async startRecovery({ failure, key, playbook }: { failure: Failure; key: string; playbook?: string }) {
      const { handle, runId, joined } = await recoveries.start(failure, { key, ...(playbook ? { playbook } : {}) });
      return { recoveryId: handle.workflowId, recoveryRunId: runId, joined };
    },
    async isOpen({ recoveryId, recoveryRunId }: { recoveryId: string; recoveryRunId: string }): Promise<boolean> {
      const { status } = await client.workflow.getHandle(recoveryId, recoveryRunId).describe();
      return status.name === 'RUNNING';
    },
    addToLedger: (record: CheckpointRecord): Promise<void> => recoveries.checkpoints.add(record),
    ledgers: createLedgerCare(recoveries.checkpoints),
    retryExecution: (input: RetryExecutionInput): Promise<unknown> => retryExecution(client, input),
  };
}

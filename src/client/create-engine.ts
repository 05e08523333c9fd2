import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { Json } from '../domain/canonical-json.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import type { ComponentSpec } from '../domain/component.ts';
import type { WatchDrilledInput } from '../domain/drill.ts';
import type { Failure } from '../domain/failure.ts';
import { HOST_LOST } from '../domain/host.ts';
import type { Prediction } from '../domain/knowledge.ts';
import type { Plan } from '../domain/plan.ts';
import { createKillSwitch } from './automation.ts';
import { createRecoveryClient } from './recovery-client.ts';
import { describeLostHost } from './describe-lost-host.ts';
import { createExecutions } from './executions.ts';
import { createKnowledge } from './knowledge.ts';
import { readEarlier } from './read-recovery.ts';
import { readSupplied, retryInWorkflow } from './step-of-workflow.ts';
import { createLedgerCare } from './store-care.ts';
import { watchDrilled } from './watch-drilled.ts';
import { retryExecution, type RetryExecutionInput } from './retry-execution.ts';

interface StartRecoveryInput {
  failure: Failure;
  key: string;
  playbook?: string;
  /** Known to this recovery alone. */
  components?: Record<string, ComponentSpec>;
  /** Given back with the answer: what the caller wants to find in its history. */
  keep?: Json;
}

/** What an approver is told to expect may lack the recoveries of so long. */
const KEEP_PAST_MS = 30_000;

/** What activities ask of Temporal itself: to start, to look, to list. The client is made from the worker's connection. */
export function createEngine(client: Client, taskQueue: string, defaultHost?: string, publicUrl?: string) {
  const recoveries = createRecoveryClient({ client, taskQueue, sharesWorkerConnection: true, publicUrl });
  const knowledge = createKnowledge(client, { keepMs: KEEP_PAST_MS });
  return {
    async startRecovery({ failure, key, playbook, components, keep }: StartRecoveryInput) {
      const host = failure.run?.host === '' ? (failure.host ?? defaultHost) : undefined;
      const placed = host && failure.run ? { ...failure, host, run: { ...failure.run, host } } : failure;
      const lost = failure.code === HOST_LOST ? failure.labels['host'] : undefined;
      const told = lost === undefined ? placed : await describeLostHost(placed, lost, recoveries.hosts);
      const { handle, runId, joined } = await recoveries.start(told, {
        key,
        ...(playbook ? { playbook } : {}),
        ...(components ? { components } : {}),
      });
      const kept = keep === undefined ? {} : { kept: keep };
      return { recoveryId: handle.workflowId, recoveryRunId: runId, joined, ...kept };
    },
    async isOpen({ recoveryId, recoveryRunId }: { recoveryId: string; recoveryRunId: string }): Promise<boolean> {
      try {
        const { status } = await client.workflow.getHandle(recoveryId, recoveryRunId).describe();
        return status.name === 'RUNNING';
      } catch (error) {
        // Closed so long ago that nobody keeps it.
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    retryInWorkflow: (input: Parameters<typeof retryInWorkflow>[1]) => retryInWorkflow(client, input),
    readSupplied: (input: Parameters<typeof readSupplied>[1]) => readSupplied(client, input),
    executions: createExecutions(client),
    watchDrilledRecovery: (input: WatchDrilledInput, signal: AbortSignal) =>
      watchDrilled(recoveries.getHandle(input.recoveryId, input.recoveryRunId), input, {
        services: recoveries.services,
        signal,
      }),
    readEarlier: (workflowId: string, runId: string) => readEarlier(client, workflowId, runId),
    predict: (plan: Plan): Promise<Prediction> => knowledge.predict(plan),
    addToLedger: (record: CheckpointRecord): Promise<void> => recoveries.checkpoints.add(record),
    fleet: { checkpoints: recoveries.checkpoints, hosts: recoveries.hosts, records: recoveries.hostRecords },
    /** When a recovery began, by the server's clock. */
    startedAt: async (workflowId: string, runId: string): Promise<number> =>
      (await client.workflow.getHandle(workflowId, runId).describe()).startTime.getTime(),
    lastPast: (host: string, workflowId: string) => recoveries.drillSuites.lastPast(host, workflowId),
    breakers: recoveries.breakers,
    services: recoveries.services,
    killSwitch: createKillSwitch(client, recoveries.automation),
    ledgers: createLedgerCare(recoveries.checkpoints),
    retryExecution: (input: RetryExecutionInput): Promise<unknown> => retryExecution(client, input),
  };
}

import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';
import {
  describeFailover,
  NO_RECORD,
  type HostChange,
  type HostRecord,
  type HostState,
  type HostWorker,
} from '../domain/host.ts';
import { HostRecordSchema } from '../domain/host.schema.ts';
import { hostRecordId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import type { hostRecord } from '../workflows/host-record.ts';
import * as messages from '../workflows/messages.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';

const PREFIX = hostRecordId('');

const recordOf = (memo: Record<string, unknown> | undefined): HostRecord => {
  const parsed = HostRecordSchema.safeParse(memo?.['record']);
  return parsed.success ? parsed.data : NO_RECORD;
};

/** Why a host takes no new work; undefined when it does. */
export function refusalOf(name: string, { drained, failedOver }: HostRecord): RerailError | undefined {
  const remedy = `Name another host, or have it take work again: rerail host undrain ${name} --reason "…".`;
  if (failedOver)
    return new RerailError('host-failed-over', `${describeFailover(name, failedOver)} by ${failedOver.recovery}`, {
      remedy,
      nonRetryable: true,
      details: { host: name, ...failedOver },
    });
  if (drained)
    return new RerailError(
      'host-drained',
      `host ${name} takes no new work: ${drained.by} drained it at ${drained.at}: ${drained.reason}`,
      { remedy, nonRetryable: true, details: { host: name, ...drained } },
    );
  return undefined;
}

/** What is kept of hosts. A record appears with the first worker, or with the first change. */
export function createHostRecords(client: Client, taskQueue: string) {
  const handleOf = (name: string) => client.workflow.getHandle<typeof hostRecord>(hostRecordId(name));
  const startOptions = (name: string) => ({
    workflowId: hostRecordId(name),
    taskQueue,
    args: [{ name }] as [{ name: string }],
    staticSummary: `what is known of host ${name}`,
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.status, value: 'normal' }],
  });
  const read = async (name: string): Promise<HostRecord | undefined> => {
    try {
      const { status, memo } = await handleOf(name).describe();
      return status.name === 'RUNNING' ? recordOf(memo) : undefined;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  };
  return {
    /** Undefined where nothing is known of it; asked of the server, so that no worker has to answer. */
    read,
    /** Throws `host-drained` or `host-failed-over` where no new work may begin on that host. */
    async requireAccepting(name: string): Promise<void> {
      const refusal = refusalOf(name, (await read(name)) ?? NO_RECORD);
      if (refusal) throw refusal;
    },
    /** All of them by name, from Visibility. */
    async list(): Promise<Map<string, HostRecord>> {
      const query = `WorkflowType = '${WORKFLOW_TYPES.hostRecord}' AND ExecutionStatus = 'Running'`;
      const found = new Map<string, HostRecord>();
      for await (const { workflowId, memo } of client.workflow.list({ query }))
        found.set(workflowId.slice(PREFIX.length), recordOf(memo));
      return found;
    },
    /** All that is known, asked of the record itself. */
    state: (name: string): Promise<HostState> => handleOf(name).query(messages.hostStateQuery),
    change: (name: string, change: HostChange): Promise<HostRecord> =>
      client.workflow.executeUpdateWithStart(messages.changeHostUpdate, {
        args: [change],
        updateId: randomUUID(),
        startWorkflowOperation: new WithStartWorkflowOperation<typeof hostRecord>(WORKFLOW_TYPES.hostRecord, {
          ...startOptions(name),
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      }),
    /** For a worker that starts: durable as soon as Temporal has it. */
    async register(name: string, worker: HostWorker): Promise<void> {
      await client.workflow.signalWithStart<typeof hostRecord, [HostChange]>(WORKFLOW_TYPES.hostRecord, {
        ...startOptions(name),
        signal: messages.changeHostSignal,
        signalArgs: [{ type: 'register', by: `worker of ${name}`, reason: 'it starts', worker }],
      });
    },
  };
}

export type HostRecords = ReturnType<typeof createHostRecords>;

import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';
import { NameSchema } from '../domain/names.schema.ts';
import { parseInput } from '../domain/parse-input.ts';
import {
  DegradeInputSchema,
  HeldOperationSchema,
  RestoreServiceInputSchema,
  type DegradeInput,
  type HeldOperation,
  type HeldOperationInput,
  type ListedService,
  type RestoreServiceInput,
  type ServiceSnapshot,
} from '../domain/service.schema.ts';
import type { ServiceChange } from '../domain/service.ts';
import { serviceStateId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import * as messages from '../workflows/messages.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import type { serviceState } from '../workflows/service-state.ts';
import { translateError } from './errors.ts';
import { listExecutions, sinceIn } from './list-executions.ts';

const notFound = (name: string): RerailError =>
  new RerailError('service-state-not-found', `nothing is known of a service "${name}"`, {
    remedy:
      'List them with `rerail service list`; one appears when it is degraded, limited or reset for the first time.',
    nonRetryable: true,
  });

const STATES = ['normal', 'degraded', 'limited'] as const;

/** What the clients of services are told (requirement 4.6). The state of a service appears with its first change. */
export function createServices(client: Client, taskQueue: string) {
  const handleOf = (name: string) => client.workflow.getHandle<typeof serviceState>(serviceStateId(name));
  const startOptions = (name: string) => ({
    workflowId: serviceStateId(name),
    taskQueue,
    args: [{ name }] as [{ name: string }],
    staticSummary: `what clients of ${name} are told`,
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.status, value: 'normal' }],
  });
  const start = (name: string) =>
    new WithStartWorkflowOperation<typeof serviceState>(WORKFLOW_TYPES.serviceState, {
      ...startOptions(name),
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  const guarded = async <T>(given: string, work: (name: string) => Promise<T>): Promise<T> => {
    const name = parseInput(NameSchema, given, 'the name of the service');
    try {
      return await work(name);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound(name);
      throw translateError(error, serviceStateId(name));
    }
  };
  const send = (given: string, change: ServiceChange): Promise<ServiceSnapshot> =>
    guarded(given, (name) =>
      client.workflow.executeUpdateWithStart(messages.changeServiceUpdate, {
        args: [change],
        updateId: randomUUID(),
        startWorkflowOperation: start(name),
      }),
    );

  return {
    /** From Visibility, by name; a change shows there shortly after it. */
    async list(): Promise<ListedService[]> {
      const query = `WorkflowType = '${WORKFLOW_TYPES.serviceState}' AND ExecutionStatus = 'Running'`;
      const found = await listExecutions<ListedService>(client, {
        query,
        what: 'the list of services',
        toRow(info) {
          const status = info.typedSearchAttributes.get(SEARCH_ATTRIBUTES.status);
          const state = STATES.find((known) => known === status) ?? 'normal';
          return { name: info.workflowId.replace(/^service-state\//, ''), state, since: sinceIn(info) };
        },
      });
      return found.sort((a, b) => a.name.localeCompare(b.name));
    },
    /** Throws `service-state-not-found` for one that nothing was ever said of. */
    status: (given: string): Promise<ServiceSnapshot> =>
      guarded(given, async (name) => {
        const handle = handleOf(name);
        const [{ status }, snapshot] = await Promise.all([
          handle.describe(),
          handle.query(messages.serviceStatusQuery),
        ]);
        // A closed workflow would still answer, with what it knew last.
        if (status.name !== 'RUNNING') throw notFound(name);
        return snapshot;
      }),
    /** By hand: it lasts until `restore`, or until the time that is named. */
    degrade: async (name: string, input: DegradeInput): Promise<ServiceSnapshot> => {
      const { by, reason, until } = parseInput(DegradeInputSchema, input, 'the change');
      const ends = until === undefined ? null : Date.parse(until);
      return send(name, { id: randomUUID(), type: 'degrade', hold: 'by hand', by, reason, until: ends });
    },
    /** Ends every degradation, and gives back the full rate and all of the traffic. Throws `service-state-not-found`. */
    restore: async (given: string, input: RestoreServiceInput): Promise<ServiceSnapshot> => {
      const signed = parseInput(RestoreServiceInputSchema, input, 'the change');
      return guarded(given, (name) =>
        handleOf(name).executeUpdate(messages.changeServiceUpdate, {
          args: [{ id: randomUUID(), type: 'restore', ...signed }],
        }),
      );
    },
    /** Its clients open their connections anew. */
    reset: async (name: string, input: RestoreServiceInput): Promise<ServiceSnapshot> => {
      const signed = parseInput(RestoreServiceInputSchema, input, 'the change');
      return send(name, { id: randomUUID(), type: 'reset', ...signed });
    },
    /**
     * Keeps an operation that the database did not take; `resumeOperations` does it once, in order. The same id again is
     * kept once. Throws `invalid-input` where too many are held.
     */
    holdOperation: async (given: string, input: HeldOperationInput): Promise<{ held: number }> => {
      const operation = parseInput(HeldOperationSchema, input, 'the operation');
      return guarded(given, (name) =>
        client.workflow.executeUpdateWithStart(messages.holdOperationUpdate, {
          args: [operation],
          updateId: randomUUID(),
          startWorkflowOperation: start(name),
        }),
      );
    },
    /** Without waiting for the answer: durable as soon as Temporal has it. */
    change: (given: string, change: ServiceChange): Promise<void> =>
      guarded(given, async (name) => {
        await client.workflow.signalWithStart<typeof serviceState, [ServiceChange]>(WORKFLOW_TYPES.serviceState, {
          ...startOptions(name),
          signal: messages.changeServiceSignal,
          signalArgs: [change],
        });
      }),
    /** Oldest first; none where nothing was ever held. */
    heldOperations: async (given: string): Promise<HeldOperation[]> => {
      try {
        return await guarded(given, (name) => handleOf(name).query(messages.heldOperationsQuery));
      } catch (error) {
        if (error instanceof RerailError && error.code === 'service-state-not-found') return [];
        throw error;
      }
    },
    dropHeld: (given: string, ids: string[]): Promise<void> =>
      guarded(given, async (name) => {
        await handleOf(name).executeUpdate(messages.dropHeldUpdate, { args: [{ ids }] });
      }),
  };
}

export type Services = ReturnType<typeof createServices>;

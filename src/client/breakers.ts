import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import {
  ConfigureInputSchema,
  ForceCloseInputSchema,
  ManualChangeInputSchema,
  type BreakerSettings,
  type ForceCloseInput,
} from '../domain/breaker.schema.ts';
import type {
  AcquireInput,
  Admission,
  BreakerAnswer,
  BreakerSnapshot,
  BreakerState,
  ManualChangeInput,
  ReportInput,
} from '../domain/breaker.ts';
import { isRerailError, RerailError } from '../domain/errors.ts';
import { NameSchema } from '../domain/names.schema.ts';
import { parseInput } from '../domain/parse-input.ts';
import { breakerId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import * as messages from '../workflows/messages.ts';
import type { circuitBreaker } from '../workflows/circuit-breaker.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';
import { listExecutions, sinceIn } from './list-executions.ts';

export interface ListedBreaker {
  name: string;
  state: BreakerState;
  since: string;
}

const notFound = (name: string): RerailError =>
  new RerailError('breaker-not-found', `there is no circuit breaker "${name}"`, {
    remedy: 'List them with `rerail breaker list`; one appears with its first use.',
    nonRetryable: true,
  });

/** Undefined for a breaker that nobody has ever used. */
export async function whereUsed<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isRerailError(error) && error.code === 'breaker-not-found') return undefined;
    throw error;
  }
}

/** The circuit breakers of dependencies, shared by all workers (requirement 5.2). One appears with its first use. */
export function createBreakers(client: Client, taskQueue: string) {
  const handleOf = (name: string) => client.workflow.getHandle<typeof circuitBreaker>(breakerId(name));
  /** Good for one update. */
  const startBreaker = (name: string) =>
    new WithStartWorkflowOperation<typeof circuitBreaker>(WORKFLOW_TYPES.circuitBreaker, {
      workflowId: breakerId(name),
      taskQueue,
      args: [{ name }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: `circuit breaker of ${name}`,
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.status, value: 'CLOSED' }],
    });
  const guarded = async <T>(given: string, work: (name: string) => Promise<T>): Promise<T> => {
    const name = parseInput(NameSchema, given, 'the name of the breaker');
    try {
      return await work(name);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound(name);
      throw translateError(error, breakerId(name));
    }
  };
  const send = <Out, In>(given: string, update: UpdateDefinition<Out, [In]>, input: In, key?: string): Promise<Out> =>
    guarded(given, (name) =>
      client.workflow.executeUpdateWithStart<typeof circuitBreaker, Out, [In]>(update, {
        args: [input],
        updateId: key ?? randomUUID(),
        startWorkflowOperation: startBreaker(name),
      }),
    );
  const status = (given: string): Promise<BreakerSnapshot> =>
    guarded(given, async (name) => {
      const handle = handleOf(name);
      // A closed workflow would still answer, with what it knew last.
      const [{ status: of }, snapshot] = await Promise.all([
        handle.describe(),
        handle.query(messages.breakerStatusQuery),
      ]);
      if (of.name !== 'RUNNING') throw notFound(name);
      return snapshot;
    });

  return {
    /** From Visibility, by name; a change of state shows there shortly after it. */
    async list(): Promise<ListedBreaker[]> {
      const query = `WorkflowType = '${WORKFLOW_TYPES.circuitBreaker}' AND ExecutionStatus = 'Running'`;
      const found = await listExecutions<ListedBreaker>(client, {
        query,
        what: 'the list of circuit breakers',
        toRow: (info) => ({
          name: info.workflowId.replace(/^breaker\//, ''),
          state: (info.typedSearchAttributes.get(SEARCH_ATTRIBUTES.status) ?? 'CLOSED') as BreakerState,
          since: sinceIn(info),
        }),
      });
      return found.sort((a, b) => a.name.localeCompare(b.name));
    },
    /** Throws `breaker-not-found` for one that nobody has used. */
    status,
    /** Whether calls are kept away, all or most of them (requirement 5.3). False for one that nobody has used. */
    async isDegraded(name: string): Promise<boolean> {
      return (await whereUsed(status(name)))?.degraded ?? false;
    },
    /** May a call be made? In half-open it gets a lease of so many milliseconds, to be returned by a report. */
    acquire: (name: string, input: AcquireInput): Promise<Admission> =>
      send(name, messages.acquireUpdate, input, `acquire/${input.key}/${randomUUID()}`),
    /** How calls have gone. The same id again is counted once. */
    report: (name: string, input: ReportInput): Promise<BreakerAnswer> =>
      send(name, messages.reportResultsUpdate, input, `report/${input.id}`),
    /** The same without an answer, which works while no worker is up. Throws `breaker-not-found`. */
    post: (given: string, input: ReportInput): Promise<void> =>
      guarded(given, (name) => handleOf(name).signal(messages.reportResultsSignal, input)),
    /** Keeps all calls away until it is reset. */
    forceOpen: async (name: string, input: ManualChangeInput): Promise<BreakerSnapshot> =>
      send(name, messages.forceOpenUpdate, parseInput(ManualChangeInputSchema, input, 'the change')),
    /** Lets all calls through until it is reset. */
    forceClose: async (name: string, input: ForceCloseInput): Promise<BreakerSnapshot> =>
      send(name, messages.forceCloseUpdate, parseInput(ForceCloseInputSchema, input, 'the change')),
    /** Closes it and forgets its calls. Throws `breaker-not-found`. */
    reset: async (given: string, input: ManualChangeInput): Promise<BreakerSnapshot> => {
      const change = parseInput(ManualChangeInputSchema, input, 'the change');
      return guarded(given, (name) => handleOf(name).executeUpdate(messages.resetBreakerUpdate, { args: [change] }));
    },
    /** Changes some settings, also before its first use. */
    configure: async (
      name: string,
      input: ManualChangeInput & { settings: Partial<BreakerSettings> },
    ): Promise<BreakerSnapshot> =>
      send(name, messages.configureBreakerUpdate, parseInput(ConfigureInputSchema, input, 'the settings')),
  };
}

export type Breakers = ReturnType<typeof createBreakers>;

import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import { RerailError } from '../domain/errors.ts';
import {
  CheckNowSchema,
  MaintenanceInputSchema,
  MonitorChangeSchema,
  MonitorSchema,
  ResetTargetSchema,
  type CheckNowInput,
  type ListedMonitor,
  type MaintenanceInput,
  type MonitorChange,
  type MonitorHealth,
  type ResetTargetInput,
} from '../domain/monitor.schema.ts';
import { HEALTH_STATES, monitorOf } from '../domain/monitor.ts';
import { NameSchema } from '../domain/names.schema.ts';
import { parseInput } from '../domain/parse-input.ts';
import { monitorId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { readMaintained } from './maintained-targets.ts';
import type { healthMonitor } from '../workflows/health-monitor.ts';
import * as messages from '../workflows/messages.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';
import { listExecutions, sinceIn } from './list-executions.ts';

/** A definition travels with every watch, beside what is known of its targets; Temporal refuses what is over 2 MB. */
export const LARGEST_BYTES = 1_000_000;

const notFound = (name: string): RerailError =>
  new RerailError('monitor-not-found', `there is no monitor "${name}"`, {
    remedy: 'List them with `rerail monitor list`.',
    nonRetryable: true,
  });

export interface StartMonitorOptions extends MonitorChange {
  /** For a definition without one. */
  defaultHost: string;
}

/** Monitors: checks of health on a host, which start the recovery of what is ill (requirement 6.4). */
export function createMonitors(client: Client, taskQueue: string) {
  const handleOf = (name: string) => client.workflow.getHandle<typeof healthMonitor>(monitorId(name));
  const guarded = async <T>(given: string, work: (name: string) => Promise<T>): Promise<T> => {
    const name = parseInput(NameSchema, given, 'the name of the monitor');
    try {
      return await work(name);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound(name);
      throw translateError(error, monitorId(name));
    }
  };
  const send = <In>(given: string, update: UpdateDefinition<MonitorHealth, [In]>, input: In): Promise<MonitorHealth> =>
    guarded(given, (name) => handleOf(name).executeUpdate(update, { args: [input] }));

  const health = (given: string): Promise<MonitorHealth> =>
    guarded(given, async (name) => {
      const handle = handleOf(name);
      // A closed workflow would still answer, with what it knew last.
      const [{ status }, known] = await Promise.all([handle.describe(), handle.query(messages.monitorHealthQuery)]);
      if (status.name !== 'RUNNING') throw notFound(name);
      return known;
    });

  return {
    /**
     * Starts a monitor, or gives the running one of that name a new definition; counts of checks that stay are kept. Throws
     * `invalid-input` that names the fields.
     */
    async start(definition: unknown, { defaultHost, ...by }: StartMonitorOptions): Promise<MonitorHealth> {
      const monitor = monitorOf(parseInput(MonitorSchema, definition, 'the monitor'), defaultHost);
      const change = parseInput(MonitorChangeSchema, by, 'the change');
      const size = Buffer.byteLength(JSON.stringify(monitor));
      if (size > LARGEST_BYTES) {
        throw new RerailError('invalid-input', `the monitor ${monitor.name} has ${size} bytes`, {
          remedy: 'Share its checks out among several monitors.',
          nonRetryable: true,
        });
      }
      const start = new WithStartWorkflowOperation<typeof healthMonitor>(WORKFLOW_TYPES.healthMonitor, {
        workflowId: monitorId(monitor.name),
        taskQueue,
        args: [{ monitor }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: `monitor ${monitor.name} on ${monitor.host}`,
        typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.status, value: 'unknown' }],
      });
      return guarded(monitor.name, () =>
        client.workflow.executeUpdateWithStart(messages.configureMonitorUpdate, {
          args: [{ ...change, monitor }],
          updateId: randomUUID(),
          startWorkflowOperation: start,
        }),
      );
    },
    /** From Visibility, by name; a change of state shows there shortly after it. */
    async list(): Promise<ListedMonitor[]> {
      const query = `WorkflowType = '${WORKFLOW_TYPES.healthMonitor}' AND ExecutionStatus = 'Running'`;
      const found = await listExecutions<ListedMonitor>(client, {
        query,
        what: 'the list of monitors',
        toRow(info) {
          const status = info.typedSearchAttributes.get(SEARCH_ATTRIBUTES.status);
          const { host, targets, unhealthy, escalated } = info.memo ?? {};
          return {
            name: info.workflowId.replace(/^monitor\//, ''),
            state: HEALTH_STATES.find((state) => state === status) ?? 'unknown',
            since: sinceIn(info),
            host: typeof host === 'string' ? host : null,
            targets: Number(targets ?? 0),
            unhealthy: Number(unhealthy ?? 0),
            escalated: Number(escalated ?? 0),
          };
        },
      });
      return found.sort((a, b) => a.name.localeCompare(b.name));
    },
    /** Targets and checks with their last readings. Throws `monitor-not-found`. */
    health,
    /** Targets that a monitor holds in maintenance: one look at the list, and one at each monitor that holds any. */
    maintained: () => readMaintained(client, health),
    /** Ends it; open recoveries go on. Throws `monitor-not-found`. */
    stop: async (name: string, input: MonitorChange): Promise<MonitorHealth> =>
      send(name, messages.stopMonitorUpdate, parseInput(MonitorChangeSchema, input, 'the change')),
    /** Looks go on, but no recovery is started until it ends. */
    maintenance: async (name: string, input: MaintenanceInput): Promise<MonitorHealth> =>
      send(name, messages.maintenanceUpdate, parseInput(MaintenanceInputSchema, input, 'the maintenance')),
    /** Forgets the starts and the escalation of a target. */
    resetTarget: async (name: string, input: ResetTargetInput): Promise<MonitorHealth> =>
      send(name, messages.resetTargetUpdate, parseInput(ResetTargetSchema, input, 'the reset')),
    /** Looks at once, and answers with what was seen; these looks count like any others. Throws `timed-out`. */
    checkNow: async (name: string, input: CheckNowInput): Promise<MonitorHealth> =>
      send(name, messages.checkNowUpdate, parseInput(CheckNowSchema, input, 'the request')),
  };
}

export type Monitors = ReturnType<typeof createMonitors>;

import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';
import { BreakGlassSchema } from '../domain/approval.schema.ts';
import type { BreakGlass } from '../domain/brakes.ts';
import { FailureSchema } from '../domain/failure.schema.ts';
import type { ComponentSpec } from '../domain/component.ts';
import type { Failure, FailureInput } from '../domain/failure.ts';
import { HOST_LOST, NO_RECORD } from '../domain/host.ts';
import type { Json } from '../domain/canonical-json.ts';
import { parseInput } from '../domain/parse-input.ts';
import {
  EXECUTION_VERSION,
  recoveryId,
  recoveryPage,
  SHARED_TASK_QUEUE,
  WORKFLOW_TYPES,
} from '../domain/wire-names.ts';
import { createRedactor, redactDeep } from '../telemetry/redact.ts';
import { reportUpdate } from '../workflows/messages.ts';
import type { RecoveryInput } from '../workflows/recovery-state.ts';
import type { recovery } from '../workflows/recovery.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { createArtifacts } from './artifacts.ts';
import { createAutomation } from './automation.ts';
import { createBreakers } from './breakers.ts';
import { createBulks } from './bulks.ts';
import { createDrills } from './drills.ts';
import { createCheckpoints } from './checkpoints.ts';
import { createContinuation } from './continue-recovery.ts';
import { translateError } from './errors.ts';
import { createHostRecords, refusalOf } from './host-records.ts';
import { createHosts } from './hosts.ts';
import { createKnowledge } from './knowledge.ts';
import { createDrillSuites } from './drill-suites.ts';
import { createExecutionRecovery } from './recover-execution.ts';
import { noteResolved, type Resolved } from './note-resolved.ts';
import { createMonitors } from './monitors.ts';
import { createPeriodReports } from './period-reports.ts';
import { createNotifications } from './notifications.ts';
import { createPendingActivities } from './pending-activities.ts';
import { createRecoveryHandle, type RecoveryHandle } from './recovery-handle.ts';
import { createReadiness } from './readiness.ts';
import { createRecoveryList } from './recovery-list.ts';
import { createRuns } from './runs.ts';
import { createServices } from './services.ts';
import { createStoreCare } from './store-care.ts';
import { createTransactions } from './transactions.ts';

export interface RecoveryClientOptions {
  client: Client;
  /** Of the shared workers. Default `rerail`. */
  taskQueue?: string;
  /** Where people find the dashboard: recoveries link to it in Temporal's UI. */
  publicUrl?: string | undefined;
  /** The client was made from the NativeConnection of a worker in this process: a start then saves one dispatch. */
  sharesWorkerConnection?: boolean;
}

export interface StartOptions {
  /** By name, instead of by choice. */
  playbook?: string;
  inputs?: Record<string, Json>;
  /** Known to this recovery alone, by name; they come before those of the workers. */
  components?: Record<string, ComponentSpec>;
  /** Lets it through the brakes in an emergency; kept in the plan and the report. */
  breakGlass?: BreakGlass;
  /** Makes the start idempotent: the same key again finds what the first one started. */
  key?: string;
  /** Digest of what is asked for: the same key with another one is refused with `idempotency-key-reused`. */
  content?: string;
}

export interface StartedRecovery {
  handle: RecoveryHandle;
  runId: string;
  /** The failure joined a recovery that was open already. */
  joined: boolean;
  /** An earlier start with the same key has done it. */
  repeated?: boolean;
}

const TRIES = 5;

const reusedKey = (): RerailError =>
  new RerailError('idempotency-key-reused', 'this key was given before, for something else', {
    remedy: 'Give each report a key of its own; the same key is for the same report only.',
    nonRetryable: true,
  });

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 120);

const redact = createRedactor();

/**
 * Parses a failure as it comes in from outside, with what looks like a secret masked in its texts: they stay in Temporal's
 * history. Throws `invalid-input` that names the fields.
 */
export function parseFailure(input: unknown) {
  const failure = parseInput(FailureSchema, input, 'the failure');
  const { message, stdout, stderr, causes, related } = failure;
  return {
    ...failure,
    message: redact(message),
    causes: causes.map((cause) => ({ ...cause, message: redact(cause.message) })),
    ...(stdout !== undefined && { stdout: redact(stdout) }),
    ...(stderr !== undefined && { stderr: redact(stderr) }),
    ...(related !== undefined && { related: redactDeep(related, redact) as typeof related }),
  };
}

/** The typed face of Rerail over a Temporal client. */
export function createRecoveryClient(options: RecoveryClientOptions) {
  const { client, taskQueue = SHARED_TASK_QUEUE, sharesWorkerConnection = false, publicUrl } = options;
  const handleOf = (workflowId: string, runId?: string): RecoveryHandle =>
    createRecoveryHandle(client, workflowId, runId);

  /** Starts a new recovery, or undefined when one is open for this target. */
  async function startNew(input: RecoveryInput, key: string, content?: string): Promise<StartedRecovery | undefined> {
    const { failure } = input;
    const workflowId = recoveryId(failure.target);
    try {
      const handle = await client.workflow.start<typeof recovery>(WORKFLOW_TYPES.recovery, {
        workflowId,
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        memo: { startKey: key, ...(content === undefined ? {} : { startContent: content }) },
        staticSummary: `${failure.target}: ${firstLine(failure.message)}`,
        ...(publicUrl === undefined
          ? {}
          : { staticDetails: `[Open it on the dashboard](${recoveryPage(publicUrl, workflowId)})` }),
        requestEagerStart: sharesWorkerConnection,
        typedSearchAttributes: [
          { key: SEARCH_ATTRIBUTES.status, value: 'planning' },
          { key: SEARCH_ATTRIBUTES.target, value: failure.target },
          ...(failure.subject ? [{ key: SEARCH_ATTRIBUTES.subject, value: failure.subject }] : []),
        ],
      });
      return {
        handle: handleOf(workflowId, handle.firstExecutionRunId),
        runId: handle.firstExecutionRunId,
        joined: false,
      };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return undefined;
      throw translateError(error, workflowId);
    }
  }

  /** What an earlier start with this key has started, also when it has closed since; a newer recovery hides it. */
  async function findStarted(
    target: string,
    key: string,
    content: string | undefined,
  ): Promise<StartedRecovery | undefined> {
    const workflowId = recoveryId(target);
    try {
      const { memo, runId } = await client.workflow.getHandle(workflowId).describe();
      if (memo?.['startKey'] !== key) return undefined;
      if (content !== undefined && memo['startContent'] !== content) throw reusedKey();
      return { handle: handleOf(workflowId, runId), runId, joined: false, repeated: true };
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw translateError(error, workflowId);
    }
  }

  /** Joins the open recovery, or undefined when it has closed meanwhile. */
  async function join(input: RecoveryInput, key: string): Promise<StartedRecovery | undefined> {
    const workflowId = recoveryId(input.failure.target);
    const handle = client.workflow.getHandle(workflowId);
    const description = await handle.describe();
    if (description.status.name !== 'RUNNING') return undefined;
    const { runId } = description;
    const found = { handle: handleOf(workflowId, runId), runId };
    if (description.memo?.['startKey'] === key) return { ...found, joined: false, repeated: true };
    try {
      await client.workflow
        .getHandle(workflowId, runId)
        .executeUpdate(reportUpdate, { args: [input.failure], updateId: key });
      return { ...found, joined: true };
    } catch (error) {
      const again = await client.workflow.getHandle(workflowId, runId).describe();
      if (again.status.name !== 'RUNNING') return undefined;
      throw translateError(error, workflowId);
    }
  }

  const hostRecords = createHostRecords(client, taskQueue);

  /** A host that takes no new work begins no recovery, except of a run that is under way there. */
  async function refusalFor({ code, labels, host, run, operation }: Failure): Promise<RerailError | undefined> {
    const placed = host ?? (operation?.kind === 'command' ? operation.host : undefined);
    const name = code === HOST_LOST ? labels['host'] : run ? undefined : placed;
    if (name === undefined) return undefined;
    try {
      return refusalOf(name, (await hostRecords.read(name)) ?? NO_RECORD);
    } catch (error) {
      throw translateError(error, name);
    }
  }

  async function start(
    failure: FailureInput,
    { playbook, inputs, components, breakGlass, ...rest }: StartOptions = {},
  ): Promise<StartedRecovery> {
    const parsed = parseFailure({ detectedAt: new Date().toISOString(), ...failure });
    const input: RecoveryInput = {
      failure: parsed,
      version: EXECUTION_VERSION,
      ...(playbook ? { playbook } : {}),
      ...(inputs ? { inputs } : {}),
      ...(components ? { components } : {}),
      ...(breakGlass ? { breakGlass: parseInput(BreakGlassSchema, breakGlass, 'breakGlass') } : {}),
    };
    const before = rest.key === undefined ? undefined : await findStarted(parsed.target, rest.key, rest.content);
    if (before) return before;
    const key = rest.key ?? crypto.randomUUID();
    const refused = await refusalFor(parsed);
    if (refused) {
      // What runs goes on: its recovery still takes reports.
      const open = await join(input, key).catch((error: unknown) => {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      });
      if (open) return open;
      throw refused;
    }
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const started = (await startNew(input, key, rest.content)) ?? (await join(input, key));
      if (started) return started;
    }
    throw new RerailError(
      'target-locked',
      `recoveries of ${parsed.target} open and close faster than this one can start`,
      {
        remedy: 'Look at them with `rerail recovery list` and try again.',
      },
    );
  }

  const breakers = createBreakers(client, taskQueue);
  const list = createRecoveryList(client);
  const checkpoints = createCheckpoints(client, taskQueue, (host) => hosts.requireAccepting(host));
  const hosts = createHosts(client, checkpoints, hostRecords);

  return {
    client,
    taskQueue,
    /**
     * Starts a recovery, or joins the one that is open for the target. Errors: `invalid-input`, `server-unreachable`,
     * `target-locked`, `idempotency-key-reused`.
     */
    start,
    /** A handle on a recovery by workflow id (`recovery/<target>`) or by target. */
    getHandle: (idOrTarget: string, runId?: string): RecoveryHandle =>
      handleOf(idOrTarget.startsWith('recovery/') ? idOrTarget : recoveryId(idOrTarget), runId),
    ...createContinuation(client, (input, key) => startNew(input, key)),
    ...list,
    /** The kill switch: whether plans may act by themselves. */
    automation: createAutomation({
      breakers,
      listRecoveries: (options) => list.listRecoveries(options),
      getHandle: (workflowId) => handleOf(workflowId),
    }),
    checkpoints,
    hosts,
    hostRecords,
    artifacts: createArtifacts(client, taskQueue),
    breakers,
    knowledge: createKnowledge(client),
    bulks: createBulks(client, taskQueue),
    drills: createDrills(client, taskQueue),
    drillSuites: createDrillSuites(client, taskQueue),
    executions: createExecutionRecovery(client),
    /** What was reported is over, says who reported it. */
    noteResolved: (resolved: Resolved) => noteResolved(client, resolved),
    monitors: createMonitors(client, taskQueue),
    notifications: createNotifications(client, taskQueue),
    /** How recoveries and drills of a period have gone. */
    periodReport: createPeriodReports(client),
    pendingActivities: createPendingActivities(client),
    readiness: createReadiness(client, taskQueue),
    runs: createRuns(client, taskQueue, (host) => hosts.requireAccepting(host)),
    services: createServices(client, taskQueue),
    storeCare: createStoreCare(client, taskQueue),
    transactions: createTransactions(client, taskQueue),
  };
}

export type RecoveryClient = ReturnType<typeof createRecoveryClient>;

import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';
import { FailureSchema } from '../domain/failure.schema.ts';
import type { FailureInput } from '../domain/failure.ts';
import type { Json } from '../domain/canonical-json.ts';
import { parseInput } from '../domain/parse-input.ts';
import { recoveryId, SHARED_TASK_QUEUE, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { createRedactor } from '../telemetry/redact.ts';
import { reportUpdate } from '../workflows/messages.ts';
import type { RecoveryInput } from '../workflows/recovery-state.ts';
import type { recovery } from '../workflows/recovery.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { createArtifacts } from './artifacts.ts';
import { createCheckpoints } from './checkpoints.ts';
import { translateError } from './errors.ts';
import { createRecoveryHandle, type RecoveryHandle } from './recovery-handle.ts';
import { createRecoveryList } from './recovery-list.ts';
import { createRuns } from './runs.ts';
import { createStoreCare } from './store-care.ts';

export interface RecoveryClientOptions {
  client: Client;
  /** Of the shared workers. Default `rerail`. */
  taskQueue?: string;
  /** The client was made from the NativeConnection of a worker in this process: a start then saves one dispatch. */
  sharesWorkerConnection?: boolean;
}

export interface StartOptions {
  /** By name, instead of by choice. */
  playbook?: string;
  inputs?: Record<string, Json>;
  /** Makes the start idempotent: the same key again finds what the first one started. */
  key?: string;
}

export interface StartedRecovery {
  handle: RecoveryHandle;
  runId: string;
  /** The failure joined a recovery that was open already. */
  joined: boolean;
}

const TRIES = 5;

const firstLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 120);

const redact = createRedactor();

/**
 * Parses a failure as it comes in from outside, with what looks like a secret masked in its texts: they stay in Temporal's
 * history. Throws `invalid-input` that names the fields.
 */
export function parseFailure(input: unknown) {
  const failure = parseInput(FailureSchema, input, 'the failure');
  const { message, stdout, stderr, causes } = failure;
  return {
    ...failure,
    message: redact(message),
    causes: causes.map((cause) => ({ ...cause, message: redact(cause.message) })),
    ...(stdout !== undefined && { stdout: redact(stdout) }),
    ...(stderr !== undefined && { stderr: redact(stderr) }),
  };
}

/** The typed face of Rerail over a Temporal client. */
export function createRecoveryClient(options: RecoveryClientOptions) {
  const { client, taskQueue = SHARED_TASK_QUEUE, sharesWorkerConnection = false } = options;
  const handleOf = (workflowId: string, runId?: string): RecoveryHandle =>
    createRecoveryHandle(client, workflowId, runId);

  /** Starts a new recovery, or undefined when one is open for this target. */
  async function startNew(input: RecoveryInput, key: string): Promise<StartedRecovery | undefined> {
    const { failure } = input;
    const workflowId = recoveryId(failure.target);
    try {
      const handle = await client.workflow.start<typeof recovery>(WORKFLOW_TYPES.recovery, {
        workflowId,
        taskQueue,
        args: [input],
        workflowIdConflictPolicy: 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        memo: { startKey: key },
        staticSummary: `${failure.target}: ${firstLine(failure.message)}`,
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
  async function findStarted(target: string, key: string): Promise<StartedRecovery | undefined> {
    const workflowId = recoveryId(target);
    try {
      const { memo, runId } = await client.workflow.getHandle(workflowId).describe();
      return memo?.['startKey'] === key ? { handle: handleOf(workflowId, runId), runId, joined: false } : undefined;
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
    if (description.memo?.['startKey'] === key) return { ...found, joined: false };
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

  async function start(
    failure: FailureInput,
    { playbook, inputs, ...rest }: StartOptions = {},
  ): Promise<StartedRecovery> {
    const parsed = parseFailure({ detectedAt: new Date().toISOString(), ...failure });
    const input: RecoveryInput = { failure: parsed, ...(playbook ? { playbook } : {}), ...(inputs ? { inputs } : {}) };
    const before = rest.key === undefined ? undefined : await findStarted(parsed.target, rest.key);
    if (before) return before;
    const key = rest.key ?? crypto.randomUUID();
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const started = (await startNew(input, key)) ?? (await join(input, key));
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

  return {
    client,
    taskQueue,
    /**
     * Starts a recovery, or joins the one that is open for the target. Errors: `invalid-input`, `server-unreachable`,
     * `target-locked`.
     */
    start,
    /** A handle on a recovery by workflow id (`recovery/<target>`) or by target. */
    getHandle: (idOrTarget: string, runId?: string): RecoveryHandle =>
      handleOf(idOrTarget.startsWith('recovery/') ? idOrTarget : recoveryId(idOrTarget), runId),
    ...createRecoveryList(client),
    checkpoints: createCheckpoints(client, taskQueue),
    artifacts: createArtifacts(client, taskQueue),
    runs: createRuns(client, taskQueue),
    storeCare: createStoreCare(client, taskQueue),
  };
}

export type RecoveryClient = ReturnType<typeof createRecoveryClient>;

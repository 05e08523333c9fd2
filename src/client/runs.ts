import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import type { Json } from '../domain/canonical-json.ts';
import { RerailError } from '../domain/errors.ts';
import type { Pipeline } from '../domain/pipeline.ts';
import type { RunReport, RunSnapshot } from '../domain/run.ts';
import { completeInputs } from '../domain/run-inputs.ts';
import { EXECUTION_VERSION, runId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { runStatusQuery } from '../workflows/messages.ts';
import type { protectedRun } from '../workflows/protected-run.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';
import { listPage } from './visibility-page.ts';

export interface StartRunInput {
  pipeline: Pipeline;
  /** Absolute path of the directory that the steps run in. */
  workspace: string;
  host: string;
  /** Tells the runs of one pipeline apart. Default: the time. */
  key?: string;
  playbook?: string;
  /** As the pipeline declares them. */
  inputs?: Record<string, Json>;
  /** A checkpoint of an earlier run of this pipeline to go on from. */
  resumeFrom?: { checkpointId: string; by: string; reason: string };
}

export interface ListedRun {
  workflowId: string;
  runId: string;
  target: string | null;
  status: string;
  startedAt: string;
  closedAt: string | null;
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

export function createRuns(
  client: Client,
  taskQueue: string,
  /** Throws where no new work may begin on a host. */
  requireAccepting: (host: string) => Promise<void>,
) {
  const getHandle = (workflowId: string, firstRunId?: string) => {
    const handle = client.workflow.getHandle<typeof protectedRun>(workflowId, firstRunId);
    const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        throw translateError(error, workflowId);
      }
    };
    return {
      workflowId,
      status: (): Promise<RunSnapshot> => guarded(() => handle.query(runStatusQuery)),
      isOpen: async (): Promise<boolean> => (await guarded(() => handle.describe())).status.name === 'RUNNING',
      result: (): Promise<RunReport> => guarded(() => handle.result()),
      /** Stops after the present step is killed, and undoes what was done. */
      cancel: async (): Promise<void> => {
        await guarded(() => handle.cancel());
      },
    };
  };

  return {
    getHandle,
    /** From one Visibility query, newest first. Throws `invalid-input` for a cursor that is not one. */
    async page({ limit = 50, cursor }: { limit?: number; cursor?: string } = {}) {
      const query = `WorkflowType = '${WORKFLOW_TYPES.protectedRun}' AND ExecutionStatus != 'ContinuedAsNew'`;
      const { executions, nextCursor } = await listPage(client, { query, limit, cursor, what: 'the list of runs' });
      const items: ListedRun[] = executions.map((found) => ({
        workflowId: found.workflowId,
        runId: found.runId,
        target: textOf(found.attributes['RerailTarget']),
        status: textOf(found.attributes['RerailStatus']) ?? found.status.toLowerCase(),
        startedAt: found.startedAt,
        closedAt: found.closedAt,
      }));
      return { items, nextCursor };
    },
    /** Starts a protected run. Throws `target-locked` when the same key is running, `invalid-input` for wrong inputs, `host-drained`. */
    async start(input: StartRunInput) {
      const { pipeline, workspace, host } = input;
      const inputs = completeInputs(pipeline, input.inputs);
      const { name } = pipeline.metadata;
      const key = input.key ?? new Date().toISOString().replace(/[-:.]/g, '');
      const workflowId = runId(name, key);
      const target = pipeline.spec.target ?? `run/${name}`;
      await requireAccepting(host);
      try {
        const started = await client.workflow.start<typeof protectedRun>(WORKFLOW_TYPES.protectedRun, {
          workflowId,
          taskQueue,
          args: [
            {
              pipeline,
              key,
              target,
              subject: workflowId,
              workspace,
              host,
              version: EXECUTION_VERSION,
              ...(input.playbook ? { playbook: input.playbook } : {}),
              ...(Object.keys(inputs).length > 0 ? { inputs } : {}),
              ...(input.resumeFrom ? { resumeFrom: input.resumeFrom } : {}),
            },
          ],
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          staticSummary: `run of ${name} for ${target}`,
          typedSearchAttributes: [
            { key: SEARCH_ATTRIBUTES.status, value: 'running' },
            { key: SEARCH_ATTRIBUTES.target, value: target },
            { key: SEARCH_ATTRIBUTES.subject, value: workflowId },
          ],
        });
        return getHandle(workflowId, started.firstExecutionRunId);
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw translateError(error, workflowId);
        throw new RerailError('target-locked', `${workflowId} is running already`, {
          remedy: 'Wait for its end, cancel it, or give another --key.',
          cause: error,
          nonRetryable: true,
        });
      }
    },
  };
}

export type RunHandle = ReturnType<ReturnType<typeof createRuns>['getHandle']>;

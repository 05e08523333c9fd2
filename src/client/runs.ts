import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';
import type { Pipeline } from '../domain/pipeline.ts';
import type { RunReport, RunSnapshot } from '../domain/run.ts';
import { runId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { runStatusQuery } from '../workflows/messages.ts';
import type { protectedRun } from '../workflows/protected-run.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';

export interface StartRunInput {
  pipeline: Pipeline;
  /** Absolute path of the directory that the steps run in. */
  workspace: string;
  host: string;
  /** Tells the runs of one pipeline apart. Default: the time. */
  key?: string;
  playbook?: string;
}

export function createRuns(client: Client, taskQueue: string) {
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
      result: (): Promise<RunReport> => guarded(() => handle.result()),
      /** Stops after the present step is killed, and undoes what was done. */
      cancel: async (): Promise<void> => {
        await guarded(() => handle.cancel());
      },
    };
  };

  return {
    getHandle,
    /** Starts a protected run. Throws `target-locked` when the same key is running. */
    async start(input: StartRunInput) {
      const { pipeline, workspace, host } = input;
      const { name } = pipeline.metadata;
      const key = input.key ?? new Date().toISOString().replace(/[-:.]/g, '');
      const workflowId = runId(name, key);
      const target = pipeline.spec.target ?? `run/${name}`;
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
              ...(input.playbook ? { playbook: input.playbook } : {}),
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

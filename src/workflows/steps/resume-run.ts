import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { backupTags } from '../../domain/checkpoint-list.ts';
import { newId } from '../../domain/ids.ts';
import type { RunInput } from '../../domain/run.ts';
import { engine, hostActivities } from '../activity-proxies.ts';
import type { RunState } from '../run-state.ts';

/**
 * Goes back to a checkpoint of an earlier run before the first step: its files, its data and its place. Steps before that
 * place count as done. Throws what the restore throws, and `pipeline-invalid` where the pipeline has no such place.
 */
export async function resumeRun(
  state: RunState,
  { checkpointId, by, reason }: NonNullable<RunInput['resumeFrom']>,
): Promise<void> {
  const { input } = state;
  const { restoreCheckpoint } = hostActivities(input.host, { timeout: '30m', summary: `restore ${checkpointId}` });
  const { workflowId } = workflowInfo();
  const { result, backup } = await restoreCheckpoint({
    checkpointId,
    backup: {
      id: newId('cp'),
      name: 'before the run is resumed',
      type: 'recovery',
      subject: input.subject,
      description: `What was there before ${workflowId} went back to ${checkpointId}, asked by ${by}: ${reason}`,
      tags: backupTags(checkpointId),
      workflowId,
      success: true,
    },
    root: input.workspace,
  });
  if (backup) await engine(input).recordCheckpoint({ record: backup });
  state.resumedFrom = {
    checkpointId,
    manifestSha256: result.manifestSha256,
    changed: result.plan.changesTotal,
    ...(backup ? { backupId: backup.info.id } : {}),
  };
  const { workflow, context, agentStates } = result.state;
  const index = workflow?.stepIndex;
  if (workflow === undefined || index === undefined || index > state.steps.length) {
    throw ApplicationFailure.nonRetryable(
      `checkpoint ${checkpointId} is of no place in this pipeline: it was not taken by a run of it`,
      'pipeline-invalid',
    );
  }
  const { phases } = input.pipeline.spec;
  const unknown = workflow.completedPhases.find((name) => !phases.some((phase) => phase.name === name));
  if (unknown !== undefined) {
    throw ApplicationFailure.nonRetryable(
      `checkpoint ${checkpointId} is behind phase "${unknown}", which this pipeline does not have`,
      'pipeline-invalid',
    );
  }
  for (const record of state.steps.slice(0, index)) {
    record.status = 'succeeded';
    record.note = `done before ${checkpointId}`;
  }
  state.cursor = index;
  state.completedPhases = [...workflow.completedPhases];
  if (context) state.context = { ...context };
  if (agentStates) state.agentStates = { ...agentStates };
}

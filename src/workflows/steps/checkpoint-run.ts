import { workflowInfo } from '@temporalio/workflow';
import type { CheckpointType } from '../../domain/checkpoint.ts';
import { newId } from '../../domain/ids.ts';
import { engine, hostActivities } from '../activity-proxies.ts';
import type { RunState } from '../run-state.ts';

export interface RunCheckpoint {
  type: CheckpointType;
  name: string;
  phase: string;
  phaseIndex: number;
  agent?: string;
  stepName?: string;
}

/** Saves workspace and state of the run; the record is this activity's result and goes into the ledger. */
export async function checkpointRun(state: RunState, place: RunCheckpoint): Promise<void> {
  const { input, cursor, completedPhases, context } = state;
  const { captureCheckpoint } = hostActivities(input.host, { timeout: '10m', summary: `checkpoint: ${place.name}` });
  const parentId = state.checkpoints.at(-1)?.info.id;
  const record = await captureCheckpoint({
    info: {
      ...place,
      id: newId('cp'),
      subject: input.subject,
      description: '',
      tags: [],
      workflowId: workflowInfo().workflowId,
      lane: input.pipeline.spec.lane,
      stepIndex: cursor,
      success: true,
      ...(parentId ? { parentId } : {}),
    },
    root: input.workspace,
    exclude: input.pipeline.spec.exclude,
    // Absent in runs that began before there were any.
    ...(input.pipeline.spec.providers?.length ? { providers: input.pipeline.spec.providers } : {}),
    state: {
      workflow: {
        currentPhase: place.phase,
        completedPhases: [...completedPhases],
        status: state.status,
        stepIndex: cursor,
      },
      artifacts: [],
      context,
      messageBus: { pendingMessages: [], lastProcessedId: null },
      agentStates: state.agentStates,
    },
  });
  await engine(state.input).recordCheckpoint({ record });
  state.checkpoints.push(record);
}

import { isCancellation } from '@temporalio/workflow';
import type { PipelineStep } from '../../domain/pipeline.ts';
import type { RunStepRecord } from '../../domain/run.ts';
import { hostActivities } from '../activity-proxies.ts';
import { effectKey } from '../effect-key.ts';
import type { RunState } from '../run-state.ts';
import { recordError, type CaughtError } from './record-error.ts';

interface Made {
  step: PipelineStep;
  record: RunStepRecord;
  missing?: 'skip';
}

/** Keeps what a step has made as versions; one that is not there is a failure of the step, unless it may be skipped. */
async function save(state: RunState, { step, record, missing }: Made): Promise<void> {
  const { artifacts } = step;
  if (!artifacts?.length) return;
  const { subject, workspace, host } = state.input;
  const names = artifacts.map(({ name }) => name).join(', ');
  const { saveArtifacts } = hostActivities(host, {
    timeout: '10m',
    summary: `${record.phase}: ${record.step}, save ${names}`.slice(0, 190),
  });
  const current = state.steps[state.cursor] ?? record;
  await saveArtifacts({
    subject,
    workspace,
    artifacts,
    ...(missing ? { missing } : {}),
    key: effectKey(`${record.phase}/${record.step}/${record.attempts}/${current.index}.${current.recoveries.length}`),
  });
}

export const saveStepArtifacts = (state: RunState, step: PipelineStep, record: RunStepRecord): Promise<void> =>
  save(state, { step, record });

/**
 * The same after a recovery, which has done the step in its own way. One that went back to a checkpoint has done the steps
 * since then again; of these a later one may have used up what an earlier one had made.
 */
export async function saveRecovered(
  state: RunState,
  step: PipelineStep,
  record: RunStepRecord,
  restoredCheckpointId: string | undefined,
): Promise<CaughtError | undefined> {
  try {
    for (const made of doneAgain(state, restoredCheckpointId)) await save(state, { ...made, missing: 'skip' });
    if (record.status !== 'skipped') await save(state, { step, record });
    return undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return recordError(error);
  }
}

function doneAgain(state: RunState, checkpointId: string | undefined): Made[] {
  const restored = state.checkpoints.find(({ info }) => info.id === checkpointId);
  if (!restored) return [];
  const steps = state.input.pipeline.spec.phases.flatMap((phase) => phase.steps);
  return state.steps.slice(restored.info.stepIndex ?? state.cursor, state.cursor).flatMap((record) => {
    const step = steps[record.index];
    return step && record.status !== 'skipped' ? [{ step, record }] : [];
  });
}

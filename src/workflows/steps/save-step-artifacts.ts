import { isCancellation } from '@temporalio/workflow';
import type { PipelineStep } from '../../domain/pipeline.ts';
import type { RunStepRecord } from '../../domain/run.ts';
import { hostActivities } from '../activity-proxies.ts';
import { effectKey } from '../effect-key.ts';
import type { RunState } from '../run-state.ts';
import { recordError, type CaughtError } from './record-error.ts';

/** Keeps what the step has made as versions; one that is not there is a failure of the step. */
export async function saveStepArtifacts(state: RunState, step: PipelineStep, record: RunStepRecord): Promise<void> {
  const { artifacts } = step;
  if (!artifacts?.length) return;
  const { subject, workspace, host } = state.input;
  const names = artifacts.map(({ name }) => name).join(', ');
  const activities = hostActivities(host, {
    timeout: '10m',
    summary: `${record.phase}: ${record.step}, save ${names}`.slice(0, 190),
  });
  await activities.saveArtifacts({
    subject,
    workspace,
    artifacts,
    key: effectKey(`${record.phase}/${record.step}/${record.attempts}.${record.recoveries.length}`),
  });
}

/** The same after a recovery, which has done the step in its own way. */
export async function saveRecovered(
  state: RunState,
  step: PipelineStep,
  record: RunStepRecord,
): Promise<CaughtError | undefined> {
  if (record.status === 'skipped') return undefined;
  try {
    await saveStepArtifacts(state, step, record);
    return undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return recordError(error);
  }
}

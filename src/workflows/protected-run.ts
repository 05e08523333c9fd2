import { CancellationScope, allHandlersFinished, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { RunInput, RunReport, RunStatus } from '../domain/run.ts';
import { recoveryClosedSignal, runStatusQuery } from './messages.ts';
import { createRunState, describeRun, publishRun, runReport, runSnapshot, type RunState } from './run-state.ts';
import { compensateRun } from './steps/compensate-run.ts';
import { checkpointRun } from './steps/checkpoint-run.ts';
import { recordError, toRecorded } from './steps/record-error.ts';
import { runStep } from './steps/run-step.ts';

/** Runs a pipeline with checkpoints; a step that fails is handed to a recovery, and the run goes on as that one ends. */
export async function protectedRun(input: RunInput): Promise<RunReport> {
  const state = createRunState(input);
  setHandler(runStatusQuery, () => runSnapshot(state), { description: 'Where the run stands' });
  setHandler(recoveryClosedSignal, (outcome) => void state.closedRecoveries.push(outcome), {
    description: 'Sent by a recovery when it closes',
  });
  let status: RunReport['status'];
  try {
    status = (await runPhases(state)) ? 'succeeded' : 'failed';
  } catch (error) {
    status = isCancellation(error) ? 'cancelled' : 'failed';
    state.error = toRecorded(recordError(error));
    if (status === 'cancelled') state.error = { code: 'action-failed', message: 'cancelled on request' };
  }
  return CancellationScope.nonCancellable(async () => {
    if (status !== 'succeeded') await compensateRun(state);
    await condition(allHandlersFinished);
    state.status = status satisfies RunStatus;
    publishRun(state);
    return runReport(state, status);
  });
}

async function runPhases(state: RunState): Promise<boolean> {
  const { phases } = state.input.pipeline.spec;
  for (const [phaseIndex, phase] of phases.entries()) {
    const place = { phase: phase.name, phaseIndex };
    state.phase = phase.name;
    await checkpointRun(state, { type: 'phase-start', name: `${phase.name}: start`, ...place });
    for (const step of phase.steps) {
      const record = state.steps[state.cursor];
      if (!record) return false;
      const agent = step.agent === undefined ? {} : { agent: step.agent };
      if (step.agent)
        await checkpointRun(state, {
          type: 'agent-start',
          name: `${step.name}: before ${step.agent}`,
          ...place,
          ...agent,
        });
      if (!(await runStep(state, step, record, place))) return false;
      state.cursor = record.index + 1;
      if (step.agent)
        await checkpointRun(state, {
          type: 'agent-end',
          name: `${step.name}: after ${step.agent}`,
          ...place,
          ...agent,
          stepName: step.name,
        });
      else if (step.checkpoint)
        await checkpointRun(state, { type: 'auto', name: `after ${step.name}`, ...place, stepName: step.name });
    }
    state.completedPhases.push(phase.name);
    await checkpointRun(state, { type: 'phase-end', name: `${phase.name}: end`, ...place });
    describeRun(state);
  }
  return true;
}

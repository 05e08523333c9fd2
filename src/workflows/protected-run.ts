import { CancellationScope, allHandlersFinished, condition, isCancellation, setHandler } from '@temporalio/workflow';
import type { RunInput, RunReport, RunStatus } from '../domain/run.ts';
import { leaveToLaterWorker } from './execution-version.ts';
import { recoveryClosedSignal, runStatusQuery } from './messages.ts';
import { createRunState, publishRun, runReport, runSnapshot, type RunState } from './run-state.ts';
import { takeChecked } from './steps/check-message.ts';
import { checkOutcome } from './steps/check-recovery-message.ts';
import { compensateRun } from './steps/compensate-run.ts';
import { recordError, toRecorded } from './steps/record-error.ts';
import { resumeRun } from './steps/resume-run.ts';
import { runPhase } from './steps/run-phase.ts';

/** Runs a pipeline with checkpoints; a step that fails is handed to a recovery, and the run goes on as that one ends. */
export async function protectedRun(input: RunInput): Promise<RunReport> {
  leaveToLaterWorker(input);
  const state = createRunState(input);
  setHandler(runStatusQuery, () => runSnapshot(state), { description: 'Where the run stands' });
  setHandler(
    recoveryClosedSignal,
    (given) =>
      takeChecked(given, checkOutcome, (outcome) => void state.closedRecoveries.push(outcome), {
        what: 'the end of a recovery',
      }),
    { description: 'Sent by a recovery when it closes' },
  );
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
  const { input } = state;
  if (input.resumeFrom) await resumeRun(state, input.resumeFrom);
  for (const [phaseIndex, phase] of input.pipeline.spec.phases.entries()) {
    if (!(await runPhase(state, phase, phaseIndex))) return false;
  }
  return true;
}

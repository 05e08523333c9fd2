import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  patched,
} from '@temporalio/workflow';
import type { Failure } from '../../domain/failure.ts';
import type { RecoveryOutcome, RunStepRecord } from '../../domain/run.ts';
import { engine, sharedActivities } from '../activity-proxies.ts';
import { effectKey } from '../effect-key.ts';
import { publishRun, type RunState } from '../run-state.ts';
import { recordError } from './record-error.ts';

/** How often a waiting run looks whether its recovery still lives, in case that was killed and could not tell. */
const LOOK_EVERY = '30s';

/** Hands the failure over and waits until that recovery has closed. Undefined: it died without an answer. */
export async function recoverStep(
  state: RunState,
  failure: Failure,
  record: RunStepRecord,
): Promise<RecoveryOutcome | undefined> {
  state.status = 'recovering';
  const { startRecovery } = sharedActivities({ timeout: '30s', summary: `hand ${record.step} over to a recovery` });
  const { playbook } = state.input;
  const key = effectKey(`recover/${record.index}/${record.recoveries.length + 1}`);
  const { recoveryId, recoveryRunId, joined } = await startRecovery({
    failure,
    key,
    ...(playbook ? { playbook } : {}),
  });
  state.openRecovery = recoveryId;
  record.recoveries.push(recoveryRunId);
  publishRun(state);
  const isOurs = (outcome: RecoveryOutcome) => outcome.recoveryRunId === recoveryRunId;
  try {
    for (;;) {
      if (
        await condition(() => state.closedRecoveries.some(isOurs), LOOK_EVERY, { summary: `waits for ${recoveryId}` })
      ) {
        return state.closedRecoveries.find(isOurs);
      }
      const { open } = await engine.lookAtRecovery({ recoveryId, recoveryRunId });
      if (!open && !state.closedRecoveries.some(isOurs)) return undefined;
    }
  } catch (error) {
    if (isCancellation(error) && joined === false && patched('cancel-recovery-with-run')) {
      await cancelRecovery(recoveryId, recoveryRunId);
    }
    throw error;
  } finally {
    state.closedRecoveries = state.closedRecoveries.filter((outcome) => !isOurs(outcome));
    delete state.openRecovery;
    state.status = 'running';
  }
}

/** Nobody waits any more for what this run has asked for; a recovery that somebody else had opened goes on. */
function cancelRecovery(recoveryId: string, recoveryRunId: string): Promise<void> {
  return CancellationScope.nonCancellable(async () => {
    try {
      await getExternalWorkflowHandle(recoveryId, recoveryRunId).cancel();
    } catch (error) {
      // It has closed meanwhile: there is nothing left to cancel.
      log.info(`${recoveryId} was not cancelled`, { reason: recordError(error).message });
    }
  });
}

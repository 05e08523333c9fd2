import { isCancellation, patched } from '@temporalio/workflow';
import type { Failure } from '../../domain/failure.ts';
import type { RecoveryOutcome, RunStepRecord } from '../../domain/run.ts';
import { engine, sharedActivities } from '../activity-proxies.ts';
import { effectKey } from '../effect-key.ts';
import { publishRun, type RunState } from '../run-state.ts';
import { awaitRecovery, cancelRecovery, FIRST_LOOK_MS } from './await-recovery.ts';

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
    return await awaitRecovery({
      recoveryId,
      outcome: () => state.closedRecoveries.find(isOurs),
      lookAfterMs: () => FIRST_LOOK_MS,
      isOpen: async () => (await engine(state.input).lookAtRecovery({ recoveryId, recoveryRunId })).open,
    });
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

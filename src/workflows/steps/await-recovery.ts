import { CancellationScope, condition, getExternalWorkflowHandle, log } from '@temporalio/workflow';
import type { RecoveryOutcome } from '../../domain/run.ts';
import { recordError } from './record-error.ts';

/** When a waiting workflow first looks whether its recovery still lives, in case that was killed and could not tell. */
export const FIRST_LOOK_MS = 30_000;

export interface RecoveryWait {
  recoveryId: string;
  /** What the recovery said when it closed; undefined until then. */
  outcome: () => RecoveryOutcome | undefined;
  /** Milliseconds until the next look, after so many of them. */
  lookAfterMs: (looks: number) => number;
  isOpen: () => Promise<boolean>;
}

/** Waits until a recovery says how it ended. Undefined: it died without an answer. */
export async function awaitRecovery({ recoveryId, outcome, lookAfterMs, isOpen }: RecoveryWait) {
  for (let looks = 0; ; looks++) {
    if (await condition(() => outcome() !== undefined, lookAfterMs(looks), { summary: `waits for ${recoveryId}` }))
      return outcome();
    const open = await isOpen();
    if (!open && outcome() === undefined) return undefined;
  }
}

/** Nobody waits any more for what this workflow has asked for; a recovery that somebody else had opened goes on. */
export function cancelRecovery(recoveryId: string, recoveryRunId?: string): Promise<void> {
  return CancellationScope.nonCancellable(async () => {
    try {
      await getExternalWorkflowHandle(recoveryId, recoveryRunId).cancel();
    } catch (error) {
      // It has closed meanwhile: there is nothing left to cancel.
      log.info(`${recoveryId} was not cancelled`, { reason: recordError(error).message });
    }
  });
}

import type { Client } from '@temporalio/client';
import { ContinueInputSchema } from '../domain/approval.schema.ts';
import type { ContinueInput } from '../domain/approval.ts';
import { continuationOf, type Continuation, type EarlierRecovery } from '../domain/continuation.ts';
import { RerailError } from '../domain/errors.ts';
import { parseInput } from '../domain/parse-input.ts';
import { EXECUTION_VERSION, recoveryId } from '../domain/wire-names.ts';
import type { RecoveryInput } from '../workflows/recovery-state.ts';
import { readEarlier } from './read-recovery.ts';
import type { StartedRecovery } from './recovery-client.ts';

export interface ContinuationPreview extends Pick<EarlierRecovery, 'workflowId' | 'runId'> {
  /** Undefined for `latest`: that plan is made when it starts. */
  continuation: Continuation | undefined;
}

type StartNew = (input: RecoveryInput, key: string) => Promise<StartedRecovery | undefined>;

/** Going on with a closed or killed recovery, as a new execution that has its receipts and approvals. */
export function createContinuation(client: Client, startNew: StartNew) {
  const read = (idOrTarget: string, runId?: string): Promise<EarlierRecovery> =>
    readEarlier(client, idOrTarget.startsWith('recovery/') ? idOrTarget : recoveryId(idOrTarget), runId);

  return {
    /** What would be taken along and what done again. Starts nothing. Errors as of `continueRecovery`. */
    async previewContinuation(
      idOrTarget: string,
      { from = 'failed', plan = 'same', runId }: Partial<Pick<ContinueInput, 'from' | 'plan' | 'runId'>> = {},
    ): Promise<ContinuationPreview> {
      const earlier = await read(idOrTarget, runId);
      const continuation = plan === 'same' ? continuationOf(earlier, earlier.plan, from) : undefined;
      return { workflowId: earlier.workflowId, runId: earlier.runId, continuation };
    },
    /**
     * Starts it. Errors: `recovery-not-found`, `action-not-applicable` (still open, nothing left to do, no such action),
     * `target-locked` (another recovery of the target is open), `invalid-input`.
     */
    async continueRecovery(idOrTarget: string, given: ContinueInput): Promise<StartedRecovery> {
      const input = parseInput(ContinueInputSchema, given, 'the request');
      const earlier = await read(idOrTarget, input.runId);
      const { from, plan, by, reason } = input;
      // Refused here, before anything starts, rather than in the new recovery.
      if (plan === 'same') continuationOf(earlier, earlier.plan, from);
      const continues = { runId: earlier.runId, from, plan, by, reason };
      const started = await startNew(
        { failure: earlier.failure, version: EXECUTION_VERSION, continues },
        input.key ?? crypto.randomUUID(),
      );
      if (started) return started;
      throw new RerailError('target-locked', `a recovery of ${earlier.failure.target} is open`, {
        remedy: 'Decide on it, or cancel it first: `rerail recovery show`.',
        nonRetryable: true,
      });
    },
  };
}

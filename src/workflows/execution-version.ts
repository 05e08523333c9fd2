import { CancelledFailure, CancellationScope } from '@temporalio/workflow';
import { EXECUTION_VERSION } from '../domain/wire-names.ts';

/** Work that ended in spite of a cancellation counts as begun: it is undone with the rest. */
export function stopWhereCancelled(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled while it was at work');
}

interface Versioned {
  version?: number | undefined;
}

/**
 * What a later client has started waits for a later worker: done by this one, its history would not replay there. Temporal tries the
 * task again and again, and shows why.
 */
export function leaveToLaterWorker({ version = 1 }: Versioned): void {
  if (version > EXECUTION_VERSION)
    throw new Error(
      `started with version ${version}, and this worker knows ${EXECUTION_VERSION}: upgrade the workers first`,
    );
}

/** Whether an execution was started with this behaviour or a later one; see `EXECUTION_VERSION`. */
export const hasVersion = ({ version = 1 }: Versioned, wanted: number): boolean => version >= wanted;

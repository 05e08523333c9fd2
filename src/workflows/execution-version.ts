import { CancelledFailure, CancellationScope } from '@temporalio/workflow';

/** Work that ended in spite of a cancellation counts as begun: it is undone with the rest. */
export function stopWhereCancelled(): void {
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled while it was at work');
}

/** Whether an execution was started with this behaviour or a later one; see `EXECUTION_VERSION`. */
export const hasVersion = ({ version = 1 }: { version?: number | undefined }, wanted: number): boolean =>
  version >= wanted;

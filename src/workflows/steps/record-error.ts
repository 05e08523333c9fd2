import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/workflow';
import type { Json } from '../../domain/canonical-json.ts';
import { messageOf } from '../../domain/errors.ts';
import type { RecordedError } from '../../domain/recovery.ts';

interface FailureDetails {
  remedy?: string;
  retryable?: boolean;
  retryAfterMs?: number;
  details?: Json;
}

export interface CaughtError extends RecordedError {
  retryable: boolean;
  retryAfterMs?: number;
}

/** What an activity's failure says, flattened to what the report keeps and the retry loop needs. */
export function recordError(error: unknown): CaughtError {
  const cause = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const extra = (cause.details?.[0] ?? {}) as FailureDetails;
    return {
      code: cause.type ?? 'unexpected',
      message: cause.message,
      retryable: extra.retryable ?? cause.nonRetryable !== true,
      ...(extra.remedy === undefined ? {} : { remedy: extra.remedy }),
      ...(extra.details === undefined ? {} : { details: extra.details }),
      ...(extra.retryAfterMs === undefined ? {} : { retryAfterMs: extra.retryAfterMs }),
    };
  }
  if (cause instanceof TimeoutFailure) {
    const unclaimed = cause.timeoutType === 'SCHEDULE_TO_START';
    return {
      code: 'timed-out',
      message: unclaimed ? 'no worker took it up in time' : 'it did not finish in time',
      remedy: unclaimed ? 'Start a worker on that host: rerail worker.' : 'Raise the timeout of the action or step.',
      retryable: true,
    };
  }
  return { code: 'unexpected', message: messageOf(cause), retryable: true };
}

/** Without the fields that only the retry loop needs. */
export function toRecorded({ code, message, remedy, details }: CaughtError): RecordedError {
  return { code, message, ...(remedy === undefined ? {} : { remedy }), ...(details === undefined ? {} : { details }) };
}

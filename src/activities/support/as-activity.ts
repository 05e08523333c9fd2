import { ApplicationFailure } from '@temporalio/common';
import { isRerailError, messageOf, type RerailError } from '../../domain/errors.ts';

/** First detail of the failures of this product; `recordError` in the workflows reads it. */
export interface FailureDetails {
  remedy?: string;
  /** May the plan try again? Temporal itself never repeats what was answered. */
  retryable: boolean;
  retryAfterMs?: number;
  details?: Record<string, unknown>;
}

function toFailure(error: RerailError): ApplicationFailure {
  const { retryAfterMs, ...details } = error.details;
  const first: FailureDetails = {
    retryable: !error.nonRetryable,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    ...(Object.keys(details).length > 0 ? { details } : {}),
  };
  return ApplicationFailure.create({
    message: error.message,
    type: error.code,
    nonRetryable: true,
    // An answer that the plan reckons with, not an alarm in the worker's log.
    category: 'BENIGN',
    details: [first],
    ...(error.cause instanceof Error ? { cause: error.cause } : {}),
  });
}

/**
 * Gives an activity the wire form of our errors: an answer of the world (a failing command, a refused restore) ends
 * the activity and the plan decides; anything unexpected stays retryable, so that Temporal tries again.
 */
export function asActivity<Args extends unknown[], Out>(
  perform: (...args: Args) => Promise<Out>,
): (...args: Args) => Promise<Out> {
  return async (...args) => {
    try {
      return await perform(...args);
    } catch (error) {
      if (isRerailError(error)) throw toFailure(error);
      if (error instanceof Error) throw error;
      throw new Error(messageOf(error), { cause: error });
    }
  };
}

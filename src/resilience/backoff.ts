import { toMs } from '../domain/duration.ts';
import type { RetrySpec } from '../domain/action.ts';

/**
 * Milliseconds to wait after the attempt with this number, from 1: exponential up to the maximum, of which the
 * fraction `jitter` is left to chance (requirement 5.1). `random` gives 0 up to 1 and is the workflow's own there.
 */
export function backoffMs(retry: RetrySpec, attempt: number, random: () => number): number {
  const ceiling = toMs(retry.maximumInterval);
  const initial = toMs(retry.initialInterval);
  // Nothing times an overflow is not a number, and nothing is what was asked for.
  const interval = initial === 0 ? 0 : Math.min(initial * retry.backoffCoefficient ** (attempt - 1), ceiling);
  return Math.round(interval * (1 - retry.jitter) + interval * retry.jitter * random());
}

import { toMs } from '../domain/duration.ts';
import type { RetrySpec } from '../domain/action.ts';
import { applyJitter } from './jitter.ts';

/**
 * Milliseconds to wait after the attempt with this number, from 1 (requirement 5.1). The interval grows by the
 * coefficient with each attempt, or with `linear` by the initial interval, up to the maximum, and is spread by the
 * jitter. `random` gives 0 up to 1 and is the workflow's own there; `previous` is the wait before this one.
 */
export function backoffMs(retry: RetrySpec, attempt: number, random: () => number, previous = 0): number {
  const ceiling = toMs(retry.maximumInterval);
  const initial = toMs(retry.initialInterval);
  const growth = retry.strategy === 'linear' ? attempt : retry.backoffCoefficient ** (attempt - 1);
  // Nothing times an overflow is not a number, and nothing is what was asked for.
  const interval = initial === 0 ? 0 : Math.min(initial * growth, ceiling);
  return applyJitter({ jitter: retry.jitter, interval, initial, ceiling, previous, random: random() });
}

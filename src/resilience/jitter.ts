import type { RetrySpec } from '../domain/action.ts';

export interface JitterInput {
  jitter: RetrySpec['jitter'];
  /** What the strategy asks for, in milliseconds, at most the ceiling. */
  interval: number;
  initial: number;
  ceiling: number;
  /** The wait before this one; 0 before the first. */
  previous: number;
  /** From 0 up to 1. */
  random: number;
}

/**
 * Spreads an interval by chance, so that those who failed together do not come back together (requirement 5.1).
 * A fraction leaves that part of the interval to chance; `full` all of it, `equal` half of it, `none` nothing.
 * `decorrelated` draws between the initial interval and three times the wait before, and so grows by itself.
 */
export function applyJitter({ jitter, interval, initial, ceiling, previous, random }: JitterInput): number {
  const floor = Math.min(initial, ceiling);
  switch (jitter) {
    case 'none':
      return Math.round(interval);
    case 'full':
      return Math.round(interval * random);
    case 'equal':
      return Math.round(interval / 2 + (interval / 2) * random);
    case 'decorrelated':
      return Math.round(Math.min(ceiling, floor + random * Math.max(0, previous * 3 - floor, floor * 2)));
    default:
      return Math.round(interval * (1 - jitter) + interval * jitter * random);
  }
}

import type { CheckCount } from '../domain/monitor.ts';

export interface Thresholds {
  successThreshold: number;
  failureThreshold: number;
}

export const UNSEEN: CheckCount = { state: 'unknown', failures: 0, successes: 0 };
/** What need not be told: it passes, and did so before. */
export const PLAIN: CheckCount = { state: 'healthy', failures: 0, successes: 1 };

const MOST = 1_000_000;

/**
 * Counts one look. A check turns unhealthy with the failure that is the `failureThreshold`-th in a row and healthy with the
 * success that is the `successThreshold`-th; a first success is enough for one that nothing is known of.
 */
export function countLook(count: CheckCount, passed: boolean, thresholds: Thresholds): CheckCount {
  const { successThreshold, failureThreshold } = thresholds;
  if (!passed) {
    const failures = Math.min(count.failures + 1, MOST);
    return { state: failures >= failureThreshold ? 'unhealthy' : count.state, failures, successes: 0 };
  }
  const successes = Math.min(count.successes + 1, MOST);
  const needed = count.state === 'unhealthy' ? successThreshold : 1;
  return { state: successes >= needed ? 'healthy' : count.state, failures: 0, successes };
}

export const isPlain = ({ state, failures }: CheckCount): boolean => state === 'healthy' && failures === 0;

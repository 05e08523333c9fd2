import type { BreakerSettings, CallResult } from '../domain/breaker.ts';
import { toMs } from '../domain/duration.ts';

export interface Counts {
  calls: number;
  failed: number;
  slow: number;
}

/** The latest calls, or the calls of the latest seconds. JSON. */
export type SlidingWindow =
  | { type: 'COUNT_BASED'; /** One letter for each call, oldest first. */ calls: string }
  | {
      type: 'TIME_BASED';
      /** One for each second with calls, oldest first. */ seconds: ({ second: number } & Counts)[];
    };

/** `.` worked, `s` worked slowly, `f` failed, `x` failed slowly. */
const letterOf = (ok: boolean, slow: boolean): string => (ok ? (slow ? 's' : '.') : slow ? 'x' : 'f');

const isSlow = ({ durationMs }: CallResult, settings: BreakerSettings): boolean =>
  durationMs > toMs(settings.slowCallDurationThreshold);

export const emptyWindow = ({ slidingWindowType }: BreakerSettings): SlidingWindow =>
  slidingWindowType === 'COUNT_BASED' ? { type: 'COUNT_BASED', calls: '' } : { type: 'TIME_BASED', seconds: [] };

/** Adds a call that ended at `at` (milliseconds) and drops what has left the window of `size` calls or seconds. */
export function addCall(
  window: SlidingWindow,
  result: CallResult,
  { at, size, settings }: { at: number; size: number; settings: BreakerSettings },
): SlidingWindow {
  const slow = isSlow(result, settings);
  if (window.type === 'COUNT_BASED')
    return { type: 'COUNT_BASED', calls: (window.calls + letterOf(result.ok, slow)).slice(-size) };
  const second = Math.floor(at / 1000);
  const seconds = window.seconds.filter((bucket) => bucket.second > second - size && bucket.second !== second);
  const present = window.seconds.find((bucket) => bucket.second === second);
  const { calls, failed, slow: slowOnes } = present ?? { calls: 0, failed: 0, slow: 0 };
  const bucket = {
    second,
    calls: calls + 1,
    failed: failed + Number(!result.ok),
    slow: slowOnes + Number(slow),
  };
  return { type: 'TIME_BASED', seconds: [...seconds, bucket] };
}

const lettersIn = (calls: string, letters: string): number =>
  [...calls].filter((letter) => letters.includes(letter)).length;

/** What the window holds at a time. */
export function countCalls(window: SlidingWindow, { at, size }: { at: number; size: number }): Counts {
  if (window.type === 'COUNT_BASED') {
    const calls = window.calls.slice(-size);
    return { calls: calls.length, failed: lettersIn(calls, 'fx'), slow: lettersIn(calls, 'sx') };
  }
  const second = Math.floor(at / 1000);
  return window.seconds
    .filter((bucket) => bucket.second > second - size)
    .reduce(
      (sum, { calls, failed, slow }) => ({
        calls: sum.calls + calls,
        failed: sum.failed + failed,
        slow: sum.slow + slow,
      }),
      { calls: 0, failed: 0, slow: 0 },
    );
}

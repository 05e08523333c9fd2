import type { RetrySpec } from '../domain/action.ts';
import { toMs } from '../domain/duration.ts';
import { backoffMs } from './backoff.ts';

/** What is known of the tries so far. JSON, so that it can be kept anywhere. */
export interface RetryState {
  failures: number;
  /** How long to wait before the next try, in milliseconds. */
  delayMs: number;
  /** Newest last, at most {@link KEPT}. */
  history: { at: number; code: string }[];
}

/** A try has failed. Time and chance come in from outside. */
export interface RetryEvent {
  /** Milliseconds since the epoch. */
  at: number;
  /** Of the error. */
  code: string;
  /** From 0 up to 1. */
  random: number;
  /** What the other side asked for (`Retry-After`). */
  retryAfterMs?: number | undefined;
}

export type RetryStrategy = (state: RetryState, event: RetryEvent) => RetryState;

const KEPT = 100;
const FREQUENCY_WINDOW_MS = 60_000;
const MAX_PRESSURE = 4;

export const noTries = (): RetryState => ({ failures: 0, delayMs: 0, history: [] });

/** A strategy from a rule for the delay; `after` already counts the failure of the event. */
const strategy =
  (delayOf: (after: RetryState, event: RetryEvent, previousMs: number) => number): RetryStrategy =>
  (state, event) => {
    const history = [...state.history, { at: event.at, code: event.code }].slice(-KEPT);
    const after = { failures: state.failures + 1, delayMs: 0, history };
    return { ...after, delayMs: delayOf(after, event, state.delayMs) };
  };

/** Exponential or linear, as the specification says. */
export const growing = (retry: RetrySpec): RetryStrategy =>
  strategy(({ failures }, { random }, previous) => backoffMs(retry, failures, () => random, previous));

/** How many failures in a row, up to the last, had its code. */
function streakOf(history: RetryState['history']): number {
  const code = history.at(-1)?.code;
  const other = history.findLastIndex((failure) => failure.code !== code);
  return history.length - 1 - other;
}

/**
 * From the error's pattern and frequency: the same error again and again backs off exponentially, another error begins
 * anew, and many failures within a minute stretch the interval up to fourfold. Never above the maximum interval.
 */
export const adaptive = (retry: RetrySpec): RetryStrategy =>
  strategy(({ history }, { at, random }, previous) => {
    const recent = history.filter((failure) => at - failure.at < FREQUENCY_WINDOW_MS).length;
    const pressure = Math.min(MAX_PRESSURE, 1 + (recent - 1) / 4);
    const wait = backoffMs(retry, streakOf(history), () => random, previous);
    return Math.min(Math.round(wait * pressure), Math.ceil(toMs(retry.maximumInterval)));
  });

/** No more than so many tries within the time, counted from the end of each, so that no window ever holds more. */
export const timeWindow = (limit: NonNullable<RetrySpec['limit']>): RetryStrategy =>
  strategy(({ history }, { at }) => {
    const oldest = history.at(-limit.attempts);
    return oldest === undefined ? 0 : Math.max(0, oldest.at + toMs(limit.per) - at);
  });

/** Waits as long as the other side asked for. */
export const asAsked: RetryStrategy = strategy((_after, { retryAfterMs }) => Math.max(0, retryAfterMs ?? 0));

/** The strictest of several: the longest of their delays. */
export const composite =
  (...strategies: readonly RetryStrategy[]): RetryStrategy =>
  (state, event) => {
    const after = strategies.map((next) => next(state, event));
    return { ...strategy(() => 0)(state, event), delayMs: Math.max(0, ...after.map(({ delayMs }) => delayMs)) };
  };

/** The strategy of a specification: how it grows, what the other side asks for, and its limit. */
export function strategyOf(retry: RetrySpec): RetryStrategy {
  const grows = retry.strategy === 'adaptive' ? adaptive(retry) : growing(retry);
  return composite(grows, asAsked, ...(retry.limit ? [timeWindow(retry.limit)] : []));
}

import { isCancellation, sleep } from '@temporalio/workflow';
import type { RetrySpec } from '../../domain/action.ts';
import { formatMs } from '../../domain/duration.ts';
import type { Attempt } from '../../domain/recovery.ts';
import { noTries, strategyOf } from '../../resilience/retry-strategy.ts';
import { isoNow } from '../recovery-state.ts';
import { recordError, toRecorded, type CaughtError } from './record-error.ts';

/** How a try went; null when it was cancelled, which says nothing. */
export type TryOutcome = { durationMs: number; error?: CaughtError } | null;

/** Asked before each try and told of its outcome. */
export interface TryGuard<Admission> {
  /** Undefined: goes on unguarded. */
  enter: (attempt: number) => Promise<Admission | CaughtError | undefined>;
  tell: (admitted: Admission, outcome: TryOutcome) => Promise<void>;
}

export interface Repeated<Result, Admission> {
  /** Whose tries they are, for the summary of the waits between them. */
  id: string;
  retry: RetrySpec;
  /** Each try that ended by itself is added. */
  attempts: Attempt[];
  perform: (attempt: number) => Promise<Result>;
  onFailure: (error: CaughtError, attempt: number) => void;
  guard?: TryGuard<Admission> | undefined;
}

export type Tried<Result> = { ok: true; result: Result } | { ok: false; error: CaughtError };

const isRefusal = (asked: unknown): asked is CaughtError =>
  typeof asked === 'object' && asked !== null && 'code' in asked;

/**
 * Tries until it works, the tries are spent or the error says that another cannot help, with backoff in between and
 * `Retry-After` obeyed (requirement 5.1). A cancellation passes through.
 */
export async function tryRepeatedly<Result, Admission extends object>(
  options: Repeated<Result, Admission>,
): Promise<Tried<Result>> {
  const { id, retry, attempts, perform, onFailure, guard } = options;
  const nextTry = strategyOf(retry);
  let tries = noTries();
  for (let attempt = 1; ; attempt++) {
    const asked = guard ? await guard.enter(attempt) : undefined;
    if (isRefusal(asked)) return { ok: false, error: asked };
    const tell = async (outcome: TryOutcome): Promise<void> => {
      if (guard && asked) await guard.tell(asked, outcome);
    };
    const startedAt = isoNow();
    const started = Date.now();
    const number = attempts.length + 1;
    try {
      const result = await perform(attempt);
      const durationMs = Date.now() - started;
      attempts.push({ number, startedAt, durationMs, ok: true });
      await tell({ durationMs });
      return { ok: true, result };
    } catch (error) {
      if (isCancellation(error)) {
        await tell(null);
        throw error;
      }
      const caught = recordError(error);
      const durationMs = Date.now() - started;
      attempts.push({ number, startedAt, durationMs, ok: false, error: toRecorded(caught) });
      onFailure(caught, attempt);
      await tell({ durationMs, error: caught });
      if (attempt >= retry.maximumAttempts || !caught.retryable) return { ok: false, error: caught };
      tries = nextTry(tries, { ...caught, at: Date.now(), random: Math.random() });
      await sleep(tries.delayMs, { summary: `${id}: next try in ${formatMs(tries.delayMs)}` });
    }
  }
}

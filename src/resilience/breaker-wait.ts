/** What a caller who was refused by a breaker does next. */
export type BreakerWait = { give: 'up' } | { give: 'time'; delayMs: number };

/** A breaker can be reset by hand at any time: nobody sleeps longer than this before asking again. */
const ASK_AGAIN_MS = 5000;
/** Nobody asks more often than this, but to be there at the time of the next try. */
const BREATH_MS = 100;
const FIRST_SLICE_MS = 500;

/**
 * Breaker-aware waiting (requirement 5.1): until the breaker's next try, in slices that grow with the time waited, and no
 * longer than `limitMs` after `since`. A refusal costs no try of the plan.
 */
export function waitForBreaker(
  { since, limitMs }: { since: number; limitMs: number },
  { at, retryAfterMs }: { at: number; retryAfterMs: number | null },
): BreakerWait {
  const waited = at - since;
  const left = limitMs - waited;
  if (left <= 0) return { give: 'up' };
  const slice = Math.min(ASK_AGAIN_MS, Math.max(FIRST_SLICE_MS, waited));
  return { give: 'time', delayMs: Math.min(left, Math.max(BREATH_MS, Math.min(slice, retryAfterMs ?? slice))) };
}

/** Milliseconds until the time that a Retry-After header names, in seconds or as a date; never negative. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}

/** Numbers above are a time, in seconds or milliseconds since 1970; below, seconds from now. */
const LEAST_TIME = 1_000_000_000;
const LEAST_TIME_MS = 1_000_000_000_000;

function resetMs(header: string | null, now: number): number | undefined {
  const number = Number(header?.trim() || Number.NaN);
  if (!Number.isFinite(number) || number < LEAST_TIME) return retryAfterMs(header, now);
  return Math.max(0, (number < LEAST_TIME_MS ? number * 1000 : number) - now);
}

/** `RateLimit: "policy";r=0;t=30`: seconds until there is room again. */
const roomIn = (header: string | null): string | null => /;\s*t=(\d+)/.exec(header ?? '')?.[1] ?? null;

/**
 * Milliseconds for which an answer asks not to be asked again (requirement 4.5): `Retry-After`, else, of a request that was one
 * too many, the reset header in the forms that are in use. Undefined: it does not say.
 */
export function askedWaitMs(status: number, header: (name: string) => string | null, now: number): number | undefined {
  const asked = retryAfterMs(header('retry-after'), now);
  const isLimited = status === 429 || [header('ratelimit-remaining'), header('x-ratelimit-remaining')].includes('0');
  if (asked !== undefined || !isLimited) return asked;
  const resets = [header('ratelimit-reset'), roomIn(header('ratelimit')), header('x-ratelimit-reset')];
  return resets.map((reset) => resetMs(reset, now)).find((ms) => ms !== undefined);
}

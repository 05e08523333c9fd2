import type { AcquireInput, BreakerChange, BreakerSettings, BreakerState, CallResult } from '../domain/breaker.ts';
import { toMs } from '../domain/duration.ts';
import { addCall, countCalls, emptyWindow, type Counts, type SlidingWindow } from './sliding-window.ts';

export interface Lease {
  id: string;
  by: string;
  /** Milliseconds since the epoch; lapses then. */
  until: number;
}

/** All that a breaker is. JSON; every time is in milliseconds since the epoch. */
export interface Breaker {
  state: BreakerState;
  /** Grows with every change of state. */
  generation: number;
  since: number;
  settings: BreakerSettings;
  window: SlidingWindow;
  leases: Lease[];
  /** When the first lease of this half-open time was given. */
  probingSince?: number;
  notPermitted: number;
  ignored: number;
  /** Newest last. */
  changes: BreakerChange[];
}

interface By {
  at: number;
  by: string;
  reason: string;
}

export type BreakerEvent =
  | { type: 'tick'; at: number }
  | ({ type: 'acquire'; at: number } & AcquireInput)
  | { type: 'report'; at: number; generation: number; results: readonly CallResult[]; leaseId?: string | undefined }
  | ({ type: 'forceOpen' | 'reset' } & By)
  | ({ type: 'forceClose'; mode: 'DISABLED' | 'METRICS_ONLY' } & By)
  | ({ type: 'configure'; settings: Partial<BreakerSettings> } & By);

const KEPT_CHANGES = 50;
const ITSELF = 'breaker';

export const createBreaker = (settings: BreakerSettings, at: number): Breaker => ({
  state: 'CLOSED',
  generation: 1,
  since: at,
  settings,
  window: emptyWindow(settings),
  leases: [],
  notPermitted: 0,
  ignored: 0,
  changes: [],
});

function change(breaker: Breaker, to: BreakerState, { at, by, reason }: By): Breaker {
  const { probingSince: _probingSince, ...rest } = breaker;
  const entry = { at: new Date(at).toISOString(), from: breaker.state, to, by, reason };
  // In half-open the window holds the tries, whatever its type: they are few and have no age.
  const window: SlidingWindow = to === 'HALF_OPEN' ? { type: 'COUNT_BASED', calls: '' } : emptyWindow(breaker.settings);
  return {
    ...rest,
    state: to,
    generation: breaker.generation + 1,
    since: at,
    window,
    leases: [],
    notPermitted: 0,
    changes: [...breaker.changes, entry].slice(-KEPT_CHANGES),
  };
}

/** When an open breaker lets the next call through. */
const reopensAt = ({ since, settings }: Breaker): number => since + toMs(settings.waitDurationInOpenState);

/** When a half-open time is over because it has lasted too long. */
function givesUpAt({ probingSince, settings }: Breaker): number | undefined {
  const limit = toMs(settings.maxWaitDurationInHalfOpenState);
  return limit > 0 && probingSince !== undefined ? probingSince + limit : undefined;
}

/** What time alone does. `called`: somebody asks, which also ends the wait of a breaker without automatic transition. */
function advance(given: Breaker, at: number, called: boolean): Breaker {
  let breaker = given;
  if (breaker.state === 'HALF_OPEN') {
    const end = givesUpAt(breaker);
    if (end !== undefined && at >= end) {
      breaker = change(breaker, 'OPEN', { at: end, by: ITSELF, reason: 'the tries of half-open took too long' });
    } else if (breaker.leases.some(({ until }) => until <= at)) {
      breaker = { ...breaker, leases: breaker.leases.filter(({ until }) => until > at) };
    }
  }
  const mayWake = called || breaker.settings.automaticTransitionFromOpenToHalfOpenEnabled;
  if (breaker.state === 'OPEN' && mayWake && at >= reopensAt(breaker))
    breaker = change(breaker, 'HALF_OPEN', { at, by: ITSELF, reason: 'the wait in open is over' });
  return breaker;
}

/** How many calls the window holds, and how many are needed before a rate means something. */
export function readWindow(breaker: Breaker, at: number): Counts & { needed: number } {
  const { settings, state, window } = breaker;
  const { permittedNumberOfCallsInHalfOpenState: permitted, minimumNumberOfCalls, slidingWindowSize } = settings;
  if (state === 'HALF_OPEN') return { ...countCalls(window, { at, size: permitted }), needed: permitted };
  // A window of calls that is smaller than the minimum would never be judged.
  const countable = window.type === 'COUNT_BASED' ? slidingWindowSize : minimumNumberOfCalls;
  return {
    ...countCalls(window, { at, size: slidingWindowSize }),
    needed: Math.min(minimumNumberOfCalls, countable),
  };
}

const percentOf = (part: number, whole: number): number => (part * 100) / whole;

/** Why the window is bad, or undefined when it is not. */
function complaint({ calls, failed, slow }: Counts, settings: BreakerSettings): string | undefined {
  if (percentOf(failed, calls) >= settings.failureRateThreshold) return `${failed} of the last ${calls} calls failed`;
  if (percentOf(slow, calls) >= settings.slowCallRateThreshold)
    return `${slow} of the last ${calls} calls took longer than ${settings.slowCallDurationThreshold}`;
  return undefined;
}

/** Opens or closes where the window says so. */
function judge(breaker: Breaker, at: number): Breaker {
  if (breaker.state === 'METRICS_ONLY') return breaker;
  const counts = readWindow(breaker, at);
  if (counts.calls < counts.needed) return breaker;
  const reason = complaint(counts, breaker.settings);
  if (reason !== undefined) return change(breaker, 'OPEN', { at, by: ITSELF, reason });
  if (breaker.state === 'CLOSED') return breaker;
  return change(breaker, 'CLOSED', {
    at,
    by: ITSELF,
    reason: `${counts.calls - counts.failed} of ${counts.calls} tries worked`,
  });
}

function count(breaker: Breaker, result: CallResult, at: number): Breaker {
  const { state, settings } = breaker;
  const size = state === 'HALF_OPEN' ? settings.permittedNumberOfCallsInHalfOpenState : settings.slidingWindowSize;
  return judge({ ...breaker, window: addCall(breaker.window, result, { at, size, settings }) }, at);
}

const ignore = (breaker: Breaker, results: number): Breaker => ({ ...breaker, ignored: breaker.ignored + results });

function report(given: Breaker, event: Extract<BreakerEvent, { type: 'report' }>): Breaker {
  const { at, generation, results, leaseId } = event;
  if (generation !== given.generation) return ignore(given, results.length);
  if (given.state === 'HALF_OPEN') {
    const lease = given.leases.find(({ id }) => id === leaseId);
    if (!lease) return ignore(given, results.length);
    const breaker = { ...given, leases: given.leases.filter(({ id }) => id !== leaseId) };
    // One lease is one call, whatever else the report claims.
    const [result, ...more] = results;
    return result ? count(ignore(breaker, more.length), result, at) : breaker;
  }
  if (given.state !== 'CLOSED' && given.state !== 'METRICS_ONLY') return ignore(given, results.length);
  let breaker = given;
  for (const [index, result] of results.entries()) {
    // What comes after the call that opened it belongs to no state any more.
    if (breaker.generation !== generation) return ignore(breaker, results.length - index);
    breaker = count(breaker, result, at);
  }
  return breaker;
}

function acquire(breaker: Breaker, { at, key, by, leaseMs }: Extract<BreakerEvent, { type: 'acquire' }>): Breaker {
  const refused = { ...breaker, notPermitted: breaker.notPermitted + 1 };
  if (breaker.state === 'OPEN' || breaker.state === 'FORCED_OPEN') return refused;
  if (breaker.state !== 'HALF_OPEN' || breaker.leases.some(({ id }) => id === key)) return breaker;
  const taken = breaker.leases.length + readWindow(breaker, at).calls;
  if (taken >= breaker.settings.permittedNumberOfCallsInHalfOpenState) return refused;
  const lease = { id: key, by, until: at + leaseMs };
  return { ...breaker, leases: [...breaker.leases, lease], probingSince: breaker.probingSince ?? at };
}

function configure(given: Breaker, { at, by, reason, settings: some }: Extract<BreakerEvent, { type: 'configure' }>) {
  const { state } = given;
  const settings = { ...given.settings, ...some };
  const other = state !== 'HALF_OPEN' && given.window.type !== settings.slidingWindowType;
  const entry = { at: new Date(at).toISOString(), from: state, to: state, by, reason: `settings: ${reason}` };
  const breaker: Breaker = {
    ...given,
    settings,
    window: other ? emptyWindow(settings) : given.window,
    changes: [...given.changes, entry].slice(-KEPT_CHANGES),
  };
  // With fewer tries permitted than were made, nobody would ever report the one that decides.
  return state === 'CLOSED' || state === 'HALF_OPEN' ? judge(breaker, at) : breaker;
}

/**
 * The breaker after an event (requirement 5.2). Pure: the same breaker and event give the same breaker. Forced states
 * end only by hand; reports of an earlier generation or of a lapsed lease are ignored.
 */
export function reduceBreaker(given: Breaker, event: BreakerEvent): Breaker {
  // A clock that was set back must not keep it open for longer.
  const breaker = advance(given, event.at, event.type === 'acquire');
  switch (event.type) {
    case 'tick':
      return breaker;
    case 'acquire':
      return acquire(breaker, event);
    case 'report':
      return report(breaker, event);
    case 'forceOpen':
      return change(breaker, 'FORCED_OPEN', event);
    case 'forceClose':
      return change(breaker, event.mode, event);
    case 'reset':
      return change(breaker, 'CLOSED', event);
    case 'configure':
      return configure(breaker, event);
  }
}

/** When time alone changes something next; undefined: never. */
export function nextDueAt(breaker: Breaker): number | undefined {
  if (breaker.state === 'OPEN' && breaker.settings.automaticTransitionFromOpenToHalfOpenEnabled)
    return reopensAt(breaker);
  if (breaker.state !== 'HALF_OPEN') return undefined;
  const ends = [givesUpAt(breaker), ...breaker.leases.map(({ until }) => until)].filter((end) => end !== undefined);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** When a call that is refused now may be let through; null when that is not known. */
export function nextTryAt(breaker: Breaker): number | null {
  if (breaker.state === 'OPEN') return reopensAt(breaker);
  if (breaker.state !== 'HALF_OPEN' || breaker.leases.length === 0) return null;
  return Math.min(...breaker.leases.map(({ until }) => until));
}

import type { BreakerSettings, BreakerState, CallResult } from './breaker.schema.ts';
export type {
  BreakerChange,
  BreakerSettings,
  BreakerSnapshot,
  BreakerState,
  CallResult,
  ManualChangeInput,
} from './breaker.schema.ts';

/** The names of resilience4j (requirement 5.2). */
export const BREAKER_STATES = ['CLOSED', 'OPEN', 'HALF_OPEN', 'FORCED_OPEN', 'DISABLED', 'METRICS_ONLY'] as const;

/** Opens at five failures in a row, tries again after a minute with one call. */
export const DEFAULT_BREAKER_SETTINGS: BreakerSettings = {
  failureRateThreshold: 100,
  slowCallRateThreshold: 100,
  slowCallDurationThreshold: '60s',
  minimumNumberOfCalls: 5,
  slidingWindowType: 'COUNT_BASED',
  slidingWindowSize: 5,
  waitDurationInOpenState: '60s',
  permittedNumberOfCallsInHalfOpenState: 1,
  maxWaitDurationInHalfOpenState: '0s',
  automaticTransitionFromOpenToHalfOpenEnabled: true,
};

/** States in which calls are kept away, all or most of them: the dependency is degraded (requirement 5.3). */
export const isDegraded = (state: BreakerState): boolean =>
  state === 'OPEN' || state === 'HALF_OPEN' || state === 'FORCED_OPEN';

/** States that let every call through, so that nobody has to be asked. */
export const admitsAll = (state: BreakerState): boolean => !isDegraded(state);

/** Results in one report; a longer one is refused. */
export const MAX_RESULTS = 1000;
/** A lease that is asked for longer than this is refused. */
export const MAX_LEASE_MS = 24 * 60 * 60 * 1000;

export interface AcquireInput {
  /** Names the call; the same again gets the same lease. */
  key: string;
  /** Who calls. */
  by: string;
  /** How long a lease may be held before it lapses. */
  leaseMs: number;
}

export interface BreakerAnswer {
  state: BreakerState;
  /** Grows with every change of state; a report names the one its calls were made in. */
  generation: number;
  /** Milliseconds until the next try is let through; null when that is not known. Absent while calls are let through. */
  retryAfterMs?: number | null;
  /** Failures in a row that are worth a report at once. */
  minimumNumberOfCalls: number;
}

export interface Admission extends BreakerAnswer {
  permitted: boolean;
  /** In half-open: to be named in the report that returns it. */
  leaseId?: string;
}

export interface ReportInput {
  /** Names the report; the same again is counted once. */
  id: string;
  by: string;
  generation: number;
  /** In the order of the calls. Empty with a lease: it is given back unused. */
  results: CallResult[];
  leaseId?: string;
}

/** What the cache of a worker asks of the breakers. */
export interface BreakerPort {
  acquire: (name: string, input: AcquireInput) => Promise<Admission>;
  report: (name: string, input: ReportInput) => Promise<BreakerAnswer>;
  /** The same without waiting for an answer. */
  post: (name: string, input: ReportInput) => Promise<void>;
}

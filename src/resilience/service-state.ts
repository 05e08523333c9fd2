import type { HeldOperation, ServiceSnapshot } from '../domain/service.schema.ts';
import type { ServiceChange, ServiceHold } from '../domain/service.ts';
import { fullRate, nextIncreaseAt, reduceRate, type RequestRate } from './request-rate.ts';

export interface ServiceState {
  holds: ServiceHold[];
  /** Absent: nothing has limited it. */
  rate?: RequestRate;
  trafficPercent: number;
  resets: number;
  held: HeldOperation[];
  version: number;
  changes: ServiceSnapshot['changes'];
  /** Ids of the last changes; one that comes again changes nothing. */
  seen: string[];
}

const KEPT_CHANGES = 20;
const KEPT_IDS = 200;

export const createServiceState = (): ServiceState => ({
  holds: [],
  trafficPercent: 100,
  resets: 0,
  held: [],
  version: 0,
  changes: [],
  seen: [],
});

function apply(state: ServiceState, change: ServiceChange, at: number): Partial<ServiceState> {
  const { rate } = state;
  switch (change.type) {
    case 'degrade': {
      const { hold: id, by, reason, until } = change;
      const since = state.holds.find((other) => other.id === id)?.since ?? at;
      return { holds: [...state.holds.filter((other) => other.id !== id), { id, by, reason, since, until }] };
    }
    case 'restore':
      if (change.hold !== undefined) return { holds: state.holds.filter(({ id }) => id !== change.hold) };
      return { holds: [], trafficPercent: 100, ...(rate ? { rate: reduceRate(rate, { type: 'restored', at }) } : {}) };
    case 'throttle':
      return { rate: reduceRate(rate ?? fullRate(change.rate, at), { type: 'throttled', at, spec: change.rate }) };
    case 'unthrottle':
      return rate ? { rate: reduceRate(rate, { type: 'restored', at }) } : {};
    case 'traffic':
      return {
        trafficPercent: change.percent,
        ...(rate === undefined && change.rate ? { rate: fullRate(change.rate, at) } : {}),
      };
    case 'reset':
      return { resets: state.resets + 1 };
  }
}

const WORDS: Record<ServiceChange['type'], string> = {
  degrade: 'degraded',
  restore: 'restored',
  throttle: 'rate lowered',
  unthrottle: 'full rate',
  traffic: 'traffic',
  reset: 'connections reset',
};

const wordOf = (change: ServiceChange): string =>
  change.type === 'traffic' ? `traffic at ${change.percent} %` : WORDS[change.type];

export function changeService(state: ServiceState, change: ServiceChange, at: number): ServiceState {
  if (state.seen.includes(change.id)) return state;
  const { by, reason, id } = change;
  const entry = { at: new Date(at).toISOString(), what: wordOf(change), by, reason };
  return {
    ...state,
    ...apply(state, change, at),
    version: state.version + 1,
    changes: [...state.changes, entry].slice(-KEPT_CHANGES),
    seen: [...state.seen, id].slice(-KEPT_IDS),
  };
}

/** What time alone changes: holds lapse, the rate rises. */
export function passTime(state: ServiceState, at: number): ServiceState {
  const holds = state.holds.filter(({ until }) => until === null || until > at);
  const rate = state.rate && reduceRate(state.rate, { type: 'tick', at });
  const lapsed = state.holds.filter((hold) => !holds.includes(hold));
  if (lapsed.length === 0 && rate === state.rate) return state;
  const changes = lapsed.map(({ by, reason }) => ({
    at: new Date(at).toISOString(),
    what: 'the time of a degradation is over',
    by,
    reason,
  }));
  return {
    ...state,
    holds,
    ...(rate ? { rate } : {}),
    version: state.version + 1,
    changes: [...state.changes, ...changes].slice(-KEPT_CHANGES),
  };
}

/** When time changes something next; milliseconds. */
export function nextChangeAt({ holds, rate }: ServiceState): number | undefined {
  const ends = holds.flatMap(({ until }) => (until === null ? [] : [until]));
  const rise = rate && nextIncreaseAt(rate);
  const all = rise === undefined ? ends : [...ends, rise];
  return all.length === 0 ? undefined : Math.min(...all);
}

/** Adds what is not there yet. */
export function holdOperation(state: ServiceState, operation: HeldOperation): ServiceState {
  if (state.held.some(({ id }) => id === operation.id)) return state;
  return { ...state, held: [...state.held, operation], version: state.version + 1 };
}

export function dropHeld(state: ServiceState, ids: readonly string[]): ServiceState {
  const held = state.held.filter(({ id }) => !ids.includes(id));
  return held.length === state.held.length ? state : { ...state, held, version: state.version + 1 };
}

export function describeService(name: string, given: ServiceState, at: number): ServiceSnapshot {
  const state = passTime(given, at);
  const { holds, rate, trafficPercent, resets, held, version, changes } = state;
  const sinces = holds.map(({ since }) => since);
  const untils = holds.flatMap(({ until }) => (until === null ? [] : [until]));
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    name,
    degraded: holds.length > 0,
    reason: holds.length === 0 ? null : holds.map(({ reason }) => reason).join('; '),
    since: holds.length === 0 ? null : iso(Math.min(...sinces)),
    until: holds.length === 0 || untils.length < holds.length ? null : iso(Math.max(...untils)),
    ratePerSecond: rate ? Math.min(rate.perSecond, (rate.spec.perSecond * trafficPercent) / 100) : null,
    trafficPercent,
    resets,
    held: held.length,
    version,
    changes,
  };
}

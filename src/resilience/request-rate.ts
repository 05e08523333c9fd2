import type { RateSpec } from '../domain/service.schema.ts';
import { toMs } from '../domain/duration.ts';

/** The allowed rate of requests: down by a factor, up again in steps (requirement 4.5). */
export interface RequestRate {
  perSecond: number;
  /** Of the last change; milliseconds. */
  at: number;
  spec: RateSpec;
}

export type RateEvent =
  { type: 'throttled'; at: number; spec?: RateSpec } | { type: 'tick'; at: number } | { type: 'restored'; at: number };

const least = ({ perSecond, minPerSecond }: RateSpec): number => minPerSecond ?? perSecond / 100;
const step = ({ perSecond, increasePerSecond }: RateSpec): number => increasePerSecond ?? perSecond / 10;

export const fullRate = (spec: RateSpec, at: number): RequestRate => ({ perSecond: spec.perSecond, at, spec });

/** When the next step up is due; undefined at the full rate. */
export function nextIncreaseAt({ perSecond, at, spec }: RequestRate): number | undefined {
  return perSecond < spec.perSecond ? at + quietMs(spec) : undefined;
}

/** At least a millisecond, so that steps end. */
const quietMs = ({ quietPeriod }: RateSpec): number => Math.max(1, toMs(quietPeriod));

/** All steps that are due by then, however late it is asked. */
function raise(rate: RequestRate, at: number): RequestRate {
  const periods = Math.floor((at - rate.at) / quietMs(rate.spec));
  if (periods < 1 || rate.perSecond >= rate.spec.perSecond) return rate;
  const { spec } = rate;
  return {
    spec,
    at: rate.at + periods * quietMs(spec),
    perSecond: Math.min(spec.perSecond, rate.perSecond + periods * step(spec)),
  };
}

export function reduceRate(rate: RequestRate, event: RateEvent): RequestRate {
  switch (event.type) {
    case 'throttled': {
      const spec = event.spec ?? rate.spec;
      const from = Math.min(raise(rate, event.at).perSecond, spec.perSecond);
      return { spec, at: event.at, perSecond: Math.max(least(spec), from * spec.factor) };
    }
    case 'tick':
      return raise(rate, event.at);
    case 'restored':
      return fullRate(rate.spec, event.at);
  }
}

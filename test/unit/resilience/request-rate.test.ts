import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RateSpec } from '../../../src/domain/service.schema.ts';
import { fullRate, nextIncreaseAt, reduceRate, type RateEvent } from '../../../src/resilience/request-rate.ts';

const SPEC: RateSpec = { perSecond: 100, factor: 0.5, quietPeriod: '10s' };

const specs = fc.record({
  perSecond: fc.double({ min: 0.1, max: 10_000, noNaN: true }),
  factor: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  quietPeriod: fc.constantFrom('1s' as const, '30s' as const, '0ms' as const),
});
const events = fc.array(fc.record({ type: fc.constantFrom('throttled', 'tick', 'restored'), after: fc.nat(100_000) }));

const play = (spec: RateSpec, given: readonly { type: string; after: number }[]) => {
  let [rate, at] = [fullRate(spec, 0), 0];
  for (const { type, after } of given) {
    at += after;
    rate = reduceRate(rate, { type, at } as RateEvent);
  }
  return { rate, at };
};

describe('the rate of requests', () => {
  it('goes down by the factor and up again in steps', () => {
    const down = reduceRate(reduceRate(fullRate(SPEC, 0), { type: 'throttled', at: 0 }), { type: 'throttled', at: 5 });
    expect(down.perSecond).toBe(25);
    expect(nextIncreaseAt(down)).toBe(10_005);
    expect(reduceRate(down, { type: 'tick', at: 10_004 }).perSecond).toBe(25);
    expect(reduceRate(down, { type: 'tick', at: 10_005 }).perSecond).toBe(35);
    expect(reduceRate(down, { type: 'tick', at: 30_005 }).perSecond).toBe(55);
    expect(reduceRate(down, { type: 'restored', at: 6 }).perSecond).toBe(100);
  });

  it('stays between the least and the full rate, whatever happens', () => {
    fc.assert(
      fc.property(specs, events, (spec, given) => {
        const { rate } = play(spec, given);
        expect(rate.perSecond).toBeLessThanOrEqual(spec.perSecond);
        expect(rate.perSecond).toBeGreaterThanOrEqual(spec.perSecond / 100);
      }),
    );
  });

  it('never rises when it is throttled, and is full again after enough quiet', () => {
    fc.assert(
      fc.property(specs, events, (spec, given) => {
        const { rate, at } = play(spec, given);
        const raised = reduceRate(rate, { type: 'tick', at });
        const lower = reduceRate(rate, { type: 'throttled', at });
        expect(lower.perSecond).toBeLessThanOrEqual(raised.perSecond);
        let now = lower;
        for (let step = 0; step <= 10; step++)
          now = reduceRate(now, { type: 'tick', at: nextIncreaseAt(now) ?? now.at });
        expect(now.perSecond).toBe(spec.perSecond);
        expect(nextIncreaseAt(now)).toBeUndefined();
      }),
    );
  });

  it('does not depend on how often it is asked', () => {
    fc.assert(
      fc.property(specs, fc.array(fc.nat(60_000), { maxLength: 20 }), (spec, looks) => {
        const down = reduceRate(fullRate(spec, 0), { type: 'throttled', at: 0 });
        const sorted = [...looks].sort((a, b) => a - b);
        const end = sorted.at(-1) ?? 0;
        const often = sorted.reduce((rate, at) => reduceRate(rate, { type: 'tick', at }), down);
        expect(often.perSecond).toBeCloseTo(reduceRate(down, { type: 'tick', at: end }).perSecond, 6);
      }),
    );
  });
});

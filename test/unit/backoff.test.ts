import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RetrySpecSchema } from '../../src/domain/action.schema.ts';
import { toMs } from '../../src/domain/duration.ts';
import { backoffMs } from '../../src/resilience/backoff.ts';

const retry = fc
  .record({
    initialInterval: fc.integer({ min: 0, max: 120_000 }).map((value) => `${value}ms`),
    maximumInterval: fc.integer({ min: 0, max: 120_000 }).map((value) => `${value}ms`),
    backoffCoefficient: fc.double({ min: 1, max: 100, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    maximumAttempts: fc.integer({ min: 1, max: 1000 }),
  })
  .map((given) => ({ ...RetrySpecSchema.parse(given), jitter: given.jitter }));
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const attempt = fc.oneof(fc.integer({ min: 1, max: 10 }), fc.constantFrom(1000, 1e9));

describe('backoffMs', () => {
  test('lies between the interval less its jitter and the maximum, and is a whole number for any attempt', () => {
    fc.assert(
      fc.property(retry, attempt, chance, (spec, number, random) => {
        const wait = backoffMs(spec, number, () => random);
        const [initial, ceiling] = [toMs(spec.initialInterval), toMs(spec.maximumInterval)];
        const interval = initial === 0 ? 0 : Math.min(initial * spec.backoffCoefficient ** (number - 1), ceiling);
        expect(Number.isSafeInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(interval * (1 - spec.jitter)));
        expect(wait).toBeLessThanOrEqual(Math.ceil(interval));
        expect(wait).toBeLessThanOrEqual(ceiling);
      }),
    );
  });

  test('never shrinks with the attempts, chance being equal', () => {
    fc.assert(
      fc.property(retry, fc.integer({ min: 1, max: 2000 }), chance, (spec, number, random) => {
        expect(backoffMs(spec, number + 1, () => random)).toBeGreaterThanOrEqual(backoffMs(spec, number, () => random));
      }),
    );
  });

  test('grows by the coefficient up to the maximum', () => {
    const spec = RetrySpecSchema.parse({
      jitter: 0,
      initialInterval: '1s',
      backoffCoefficient: 2,
      maximumInterval: '10s',
    });
    expect([1, 2, 3, 4, 5, 6, 500].map((number) => backoffMs(spec, number, () => 0.5))).toEqual([
      1000, 2000, 4000, 8000, 10_000, 10_000, 10_000,
    ]);
  });

  test('leaves the share of jitter to chance', () => {
    const spec = RetrySpecSchema.parse({ jitter: 0.5, initialInterval: '10s', maximumInterval: '60s' });
    expect([0, 0.5, 1].map((random) => backoffMs(spec, 1, () => random))).toEqual([5000, 7500, 10_000]);
  });

  test('an interval of nothing stays nothing, also after attempts that overflow', () => {
    const spec = RetrySpecSchema.parse({ initialInterval: '0s', backoffCoefficient: 100 });
    expect([1, 2, 1000].map((number) => backoffMs(spec, number, () => 0.9))).toEqual([0, 0, 0]);
  });
});

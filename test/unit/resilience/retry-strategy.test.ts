import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JITTER_METHODS, RETRY_STRATEGIES } from '../../../src/domain/action.ts';
import { RetrySpecSchema, type RetrySpec } from '../../../src/domain/action.schema.ts';
import { toMs } from '../../../src/domain/duration.ts';
import { waitForBreaker } from '../../../src/resilience/breaker-wait.ts';
import {
  adaptive,
  asAsked,
  composite,
  growing,
  noTries,
  strategyOf,
  timeWindow,
  type RetryEvent,
  type RetryState,
  type RetryStrategy,
} from '../../../src/resilience/retry-strategy.ts';

const millis = (max: number) => fc.integer({ min: 0, max }).map((value) => `${value}ms`);
const spec = fc
  .record({
    strategy: fc.constantFrom(...RETRY_STRATEGIES),
    initialInterval: millis(120_000),
    maximumInterval: millis(120_000),
    backoffCoefficient: fc.double({ min: 1, max: 100, noNaN: true }),
    jitter: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(...JITTER_METHODS)),
  })
  .map((given) => RetrySpecSchema.parse(given));
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const events = fc
  .array(fc.record({ after: fc.nat(90_000), code: fc.constantFrom('a', 'b'), random: chance }), { maxLength: 150 })
  .map((gaps) => {
    let at = 1_700_000_000_000;
    return gaps.map(({ after, ...rest }): RetryEvent => ({ ...rest, at: (at += after) }));
  });

const run = (strategy: RetryStrategy, given: readonly RetryEvent[]): RetryState[] => {
  let state = noTries();
  return given.map((event) => (state = strategy(state, event)));
};
const delays = (given: object, codes: string, random = 1): number[] => {
  const retry = RetrySpecSchema.parse({ initialInterval: '1s', maximumInterval: '60s', jitter: 'none', ...given });
  const failures = [...codes].map((code, index) => ({ at: index * 3_600_000, code, random }));
  return run(strategyOf(retry), failures).map(({ delayMs }) => delayMs);
};

describe('retry strategies', () => {
  test('never wait longer than the maximum interval, less than nothing, or for no number', () => {
    fc.assert(
      fc.property(spec, events, (retry, given) => {
        for (const { delayMs } of run(strategyOf(retry), given)) {
          expect(Number.isSafeInteger(delayMs)).toBe(true);
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThanOrEqual(toMs(retry.maximumInterval));
        }
      }),
    );
  });

  test('keep their state in JSON, and forget nothing by it', () => {
    fc.assert(
      fc.property(spec, events, (retry, given) => {
        const strategy = strategyOf(retry);
        let state = noTries();
        for (const event of given) {
          state = strategy(state, event);
          expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        }
        expect(state.failures).toBe(given.length);
      }),
      { numRuns: 30 },
    );
  });

  test('exponential and linear never shrink, chance and jitter being equal', () => {
    const steady = spec.filter(({ strategy, jitter }) => strategy !== 'adaptive' && jitter !== 'decorrelated');
    fc.assert(
      fc.property(steady, events, chance, (retry, given, random) => {
        const waits = run(
          growing(retry),
          given.map((event) => ({ ...event, random })),
        ).map(({ delayMs }) => delayMs);
        waits.slice(1).forEach((wait, index) => expect(wait).toBeGreaterThanOrEqual(waits[index]!));
      }),
    );
  });

  test('grow as their names say', () => {
    expect(delays({}, 'aaaaaaaa')).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(delays({ strategy: 'linear' }, 'aaaa')).toEqual([1000, 2000, 3000, 4000]);
    expect(delays({ strategy: 'adaptive' }, 'aaabba')).toEqual([1000, 2000, 4000, 1000, 2000, 1000]);
  });

  test('adaptive waits longer the more often it fails within a minute', () => {
    const retry = RetrySpecSchema.parse({ jitter: 'none', backoffCoefficient: 1 });
    const every = (gap: number) =>
      run(
        adaptive(retry),
        Array.from({ length: 5 }, (_, index) => ({ at: index * gap, code: 'a', random: 0 })),
      ).at(-1)?.delayMs;
    expect(every(100)).toBe(2000);
    expect(every(70_000)).toBe(1000);
  });

  test.each([
    ['none', [1000, 1000]],
    ['full', [0, 1000]],
    ['equal', [500, 1000]],
    ['decorrelated', [1000, 3000]],
    [0.2, [800, 1000]],
  ])('jitter %s lies between %j', (jitter, [least, most]) => {
    fc.assert(
      fc.property(chance, (random) => {
        const [wait] = delays({ jitter }, 'a', random);
        expect(wait).toBeGreaterThanOrEqual(least!);
        expect(wait).toBeLessThanOrEqual(most!);
      }),
    );
    expect([delays({ jitter }, 'a', 0)[0], delays({ jitter }, 'a', 1)[0]]).toEqual([least, most]);
  });

  test('decorrelated jitter grows from the wait before, up to three times of it', () => {
    expect(delays({ jitter: 'decorrelated' }, 'aaaaa', 1)).toEqual([3000, 9000, 27_000, 60_000, 60_000]);
    expect(delays({ jitter: 'decorrelated' }, 'aaa', 0)).toEqual([1000, 1000, 1000]);
  });

  test('a time window is never exceeded, however the tries fall', () => {
    const limits = fc.record({ attempts: fc.integer({ min: 1, max: 10 }), per: millis(60_000) });
    fc.assert(
      fc.property(limits, fc.array(fc.nat(20_000), { maxLength: 60 }), ({ attempts, per }, pauses) => {
        const limit = RetrySpecSchema.shape.limit.unwrap().parse({ attempts, per });
        const window = timeWindow(limit);
        let state = noTries();
        let at = 0;
        const starts = [at];
        for (const pause of pauses) {
          // A try takes some time, then fails; the next one starts as soon as it may.
          at += pause;
          state = window(state, { at, code: 'a', random: 0 });
          at += state.delayMs;
          starts.push(at);
        }
        for (const start of starts) {
          const within = starts.filter((other) => other >= start && other < start + toMs(limit.per));
          // Two at the very same time need a window of no length.
          if (toMs(limit.per) > 0) expect(within.length).toBeLessThanOrEqual(attempts);
        }
      }),
    );
  });

  test('a composite is as strict as its strictest part', () => {
    const retry: RetrySpec = RetrySpecSchema.parse({ jitter: 'none' });
    const parts = [growing(retry), asAsked, timeWindow({ attempts: 2, per: '30s' })];
    const asked = events.map((given) => given.map((event, index) => ({ ...event, retryAfterMs: (index % 3) * 5000 })));
    fc.assert(
      fc.property(asked, (given) => {
        let state = noTries();
        for (const event of given) {
          const alone = parts.map((part) => part(state, event).delayMs);
          state = composite(...parts)(state, event);
          expect(state.delayMs).toBe(Math.max(...alone));
        }
      }),
    );
  });
});

describe('waiting for a breaker', () => {
  test('ends with the limit and is cut into slices, so that a change by hand is seen', () => {
    const time = fc.integer({ min: 0, max: 600_000 });
    fc.assert(
      fc.property(time, time, fc.option(time), (limitMs, gone, retryAfterMs) => {
        const next = waitForBreaker({ since: 1000, limitMs }, { at: 1000 + gone, retryAfterMs });
        expect(next.give).toBe(gone >= limitMs ? 'up' : 'time');
        if (next.give === 'up') return;
        expect(next.delayMs).toBeGreaterThan(0);
        expect(next.delayMs).toBeLessThanOrEqual(Math.min(5000, limitMs - gone));
      }),
    );
  });
});

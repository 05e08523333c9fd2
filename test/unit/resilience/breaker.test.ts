import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_BREAKER_SETTINGS, type BreakerSettings } from '../../../src/domain/breaker.ts';
import { toMs, type Duration } from '../../../src/domain/duration.ts';
import {
  createBreaker,
  nextDueAt,
  reduceBreaker,
  type Breaker,
  type BreakerEvent,
} from '../../../src/resilience/breaker.ts';
import { admissionOf, snapshotOf } from '../../../src/workflows/steps/describe-breaker.ts';

const START = 1_700_000_000_000;
const by = { by: 'ada', reason: 'a test' };
const call = (ok: boolean, durationMs = 1) => ({ ok, durationMs });

function after(breaker: Breaker, ...given: BreakerEvent[]): Breaker {
  return given.reduce(reduceBreaker, breaker);
}
const fresh = (settings: Partial<BreakerSettings> = {}) =>
  createBreaker({ ...DEFAULT_BREAKER_SETTINGS, ...settings }, START);
const report = (breaker: Breaker, results: { ok: boolean; durationMs: number }[], at = START, leaseId?: string) =>
  after(breaker, { type: 'report', at, generation: breaker.generation, results, leaseId });
const acquire = (at: number, key: string, leaseMs = 1000): BreakerEvent => ({
  type: 'acquire',
  at,
  key,
  by: 'ada',
  leaseMs,
});
const opened = (settings: Partial<BreakerSettings> = {}) => {
  const breaker = fresh(settings);
  return report(
    breaker,
    Array.from({ length: breaker.settings.minimumNumberOfCalls }, () => call(false)),
  );
};

const duration = (max: number) => fc.integer({ min: 0, max }).map((ms) => `${ms}ms` as Duration);
const settings: fc.Arbitrary<BreakerSettings> = fc.record({
  failureRateThreshold: fc.integer({ min: 1, max: 100 }),
  slowCallRateThreshold: fc.integer({ min: 1, max: 100 }),
  slowCallDurationThreshold: duration(50),
  minimumNumberOfCalls: fc.integer({ min: 1, max: 12 }),
  slidingWindowType: fc.constantFrom('COUNT_BASED', 'TIME_BASED'),
  slidingWindowSize: fc.integer({ min: 1, max: 12 }),
  waitDurationInOpenState: duration(3000),
  permittedNumberOfCallsInHalfOpenState: fc.integer({ min: 1, max: 4 }),
  maxWaitDurationInHalfOpenState: duration(3000),
  automaticTransitionFromOpenToHalfOpenEnabled: fc.boolean(),
});

const results = fc.array(fc.record({ ok: fc.boolean(), durationMs: fc.nat(100) }), { maxLength: 8 });
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant('acquire' as const), leaseMs: fc.integer({ min: 1, max: 2000 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('report' as const), results, old: fc.nat(2), lease: fc.nat(3) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('tick' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom('forceOpen' as const, 'reset' as const, 'forceClose' as const),
      mode: fc.constantFrom('DISABLED' as const, 'METRICS_ONLY' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('configure' as const), settings }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plays a random life; `check` sees every step with what was before it. */
function play(
  given: BreakerSettings,
  steps: { step: Step; after: number }[],
  check: (seen: { before: Breaker; event: BreakerEvent; breaker: Breaker }) => void,
): void {
  let breaker = createBreaker(given, START);
  let at = START;
  steps.forEach(({ step: next, after: pause }, index) => {
    at += pause;
    const before = breaker;
    const signed = { at, ...by };
    let event: BreakerEvent;
    switch (next.type) {
      case 'acquire':
        event = acquire(at, `k${index}`, next.leaseMs);
        break;
      case 'report':
        event = {
          type: 'report',
          at,
          generation: breaker.generation - next.old,
          results: next.results,
          leaseId: breaker.leases[next.lease]?.id,
        };
        break;
      case 'tick':
        event = { type: 'tick', at };
        break;
      case 'configure':
        event = { type: 'configure', settings: next.settings, ...signed };
        break;
      case 'forceClose':
        event = { type: 'forceClose', mode: next.mode, ...signed };
        break;
      default:
        event = { type: next.type, ...signed };
    }
    breaker = reduceBreaker(before, event);
    check({ before, event, breaker });
  });
}
const life = fc.array(fc.record({ step, after: fc.nat(1500) }), { maxLength: 60 });
const always = (check: Parameters<typeof play>[2]) =>
  fc.assert(fc.property(settings, life, (given, steps) => play(given, steps, check)));

const last = ({ changes }: Breaker) => changes.at(-1);

describe('the breaker, whatever happens', () => {
  test('has never more leases and counted tries in half-open than are permitted', () => {
    always(({ event, breaker }) => {
      if (breaker.state !== 'HALF_OPEN') return expect(breaker.leases).toEqual([]);
      const { permittedNumberOfCallsInHalfOpenState: permitted } = breaker.settings;
      const { calls } = snapshotOf('x', breaker, event.at).counts;
      // A setting that was lowered under given leases takes nothing back, and gives no further one.
      if (event.type === 'acquire' && breaker.leases.some(({ id }) => id === event.key))
        expect(breaker.leases.length + calls).toBeLessThanOrEqual(permitted);
    });
  });

  test('lets no call through before its time when it is open', () => {
    always(({ before, event, breaker }) => {
      if (event.type !== 'acquire' || before.state !== 'OPEN') return;
      const opensAt = before.since + toMs(before.settings.waitDurationInOpenState);
      expect(admissionOf(breaker, event.key, event.at).permitted).toBe(event.at >= opensAt);
    });
  });

  test('does not count reports of an earlier generation, nor without a lease in half-open', () => {
    always(({ before, event, breaker }) => {
      if (event.type !== 'report') return;
      // What time alone has done to it by then.
      const then = reduceBreaker(before, { type: 'tick', at: event.at });
      const late = event.generation !== then.generation;
      const unleased = then.state === 'HALF_OPEN' && !then.leases.some(({ id }) => id === event.leaseId);
      if (late || unleased) expect(breaker).toEqual({ ...then, ignored: then.ignored + event.results.length });
    });
  });

  test('stays in a forced state until somebody releases it', () => {
    always(({ before, event, breaker }) => {
      if (!['FORCED_OPEN', 'DISABLED', 'METRICS_ONLY'].includes(before.state)) return;
      const byHand = event.type === 'forceOpen' || event.type === 'forceClose' || event.type === 'reset';
      if (!byHand) expect([breaker.state, breaker.generation]).toEqual([before.state, before.generation]);
    });
  });

  test('is JSON, counts its generations, and writes down who changed it and why', () => {
    always(({ before, breaker }) => {
      expect(JSON.parse(JSON.stringify(breaker))).toEqual(breaker);
      expect(breaker.generation).toBeGreaterThanOrEqual(before.generation);
      expect(breaker.changes.length).toBeLessThanOrEqual(50);
      if (breaker.generation === before.generation) return expect(breaker.state).toBe(before.state);
      expect(last(breaker)).toMatchObject({ to: breaker.state });
      expect(last(breaker)?.reason).not.toBe('');
    });
  });

  test('never gets stuck: in half-open a try is free, or a lease ends some time', () => {
    always(({ event, breaker }) => {
      if (breaker.state !== 'HALF_OPEN') return;
      const later = Math.max(event.at, nextDueAt(breaker) ?? event.at, ...breaker.leases.map(({ until }) => until));
      const asked = reduceBreaker(reduceBreaker(breaker, { type: 'tick', at: later }), acquire(later, 'again'));
      if (asked.state === 'HALF_OPEN') expect(admissionOf(asked, 'again', later).permitted).toBe(true);
      else expect(asked.state).toBe('OPEN');
    });
  });
});

describe('the breaker', () => {
  test('opens at five failures in a row, and lets one call through after a minute', () => {
    const four = report(
      fresh(),
      [false, false, false, false, true, false, false, false, false].map((ok) => call(ok)),
    );
    expect(four.state).toBe('CLOSED');
    const open = report(four, [call(false), call(false)]);
    expect(open).toMatchObject({ state: 'OPEN', generation: 2, ignored: 1 });
    expect(last(open)).toMatchObject({ by: 'breaker', reason: '5 of the last 5 calls failed' });
    expect(after(open, acquire(START + 59_999, 'a')).state).toBe('OPEN');
    const probing = after(open, acquire(START + 60_000, 'a'), acquire(START + 60_000, 'b'));
    expect(probing.leases.map(({ id }) => id)).toEqual(['a']);
    expect(report(probing, [call(true)], START + 60_001, 'a').state).toBe('CLOSED');
    expect(report(probing, [call(false)], START + 60_001, 'a').state).toBe('OPEN');
  });

  test('gives the same lease for the same key, and takes it back unused', () => {
    const probing = after(opened(), acquire(START + 60_000, 'a'), acquire(START + 60_001, 'a'));
    expect(probing.leases).toHaveLength(1);
    const returned = report(probing, [], START + 60_002, 'a');
    expect(returned).toMatchObject({ state: 'HALF_OPEN', leases: [] });
  });

  test('gives a lease that lapsed to somebody else, and does not count what its holder says later', () => {
    const probing = after(opened(), acquire(START + 60_000, 'a', 500));
    const [early, late] = [START + 60_499, START + 60_500].map((at) => after(probing, acquire(at, 'b')));
    expect(early?.leases.map(({ id }) => id)).toEqual(['a']);
    expect(late?.leases.map(({ id }) => id)).toEqual(['b']);
    expect(report(late!, [call(true)], START + 60_600, 'a')).toMatchObject({ state: 'HALF_OPEN', ignored: 1 });
  });

  test('does not take the outcome of an earlier state for that of a present lease', () => {
    const probing = after(opened(), acquire(START + 60_000, 'a'));
    const { generation, leases } = probing;
    const late = { generation: generation - 1, results: [call(true)], leaseId: 'a' };
    const told = after(probing, { type: 'report', at: START + 60_001, ...late });
    expect(told).toMatchObject({ state: 'HALF_OPEN', leases, ignored: 1 });
  });

  test('opens at the rate of slow calls', () => {
    const slow = { slowCallRateThreshold: 50, slowCallDurationThreshold: '10ms', minimumNumberOfCalls: 4 } as const;
    const breaker = report(
      fresh({ ...slow, slidingWindowSize: 4 }),
      [1, 1, 20, 20].map((ms) => call(true, ms)),
    );
    expect(breaker.state).toBe('OPEN');
    expect(last(breaker)?.reason).toBe('2 of the last 4 calls took longer than 10ms');
  });

  test('looks at the calls of the last seconds only, in a window of time', () => {
    const timed = fresh({ slidingWindowType: 'TIME_BASED', slidingWindowSize: 10, minimumNumberOfCalls: 4 });
    const three = report(
      timed,
      [false, false, false].map((ok) => call(ok)),
    );
    expect(report(three, [call(false)], START + 5000).state).toBe('OPEN');
    expect(report(three, [call(false)], START + 11_000).state).toBe('CLOSED');
    expect([9999, 10_000].map((ms) => snapshotOf('x', three, START + ms).counts.calls)).toEqual([3, 0]);
  });

  test('opens again when half-open takes too long, and is not kept busy by an unused half-open', () => {
    const impatient = opened({ maxWaitDurationInHalfOpenState: '2s' });
    const idle = after(impatient, { type: 'tick', at: START + 3_600_000 });
    expect(idle.state).toBe('HALF_OPEN');
    expect(nextDueAt(idle)).toBeUndefined();
    const probing = after(idle, acquire(START + 3_600_000, 'a', 60_000));
    expect(after(probing, { type: 'tick', at: START + 3_602_000 }).state).toBe('OPEN');
  });

  test('without automatic transition it waits for a caller', () => {
    const lazy = opened({ automaticTransitionFromOpenToHalfOpenEnabled: false });
    const late = after(lazy, { type: 'tick', at: START + 120_000 });
    expect([late.state, nextDueAt(late)]).toEqual(['OPEN', undefined]);
    expect(after(late, acquire(START + 120_000, 'a')).state).toBe('HALF_OPEN');
  });

  test('judges by new settings at once, so that lowered tries do not wedge it', () => {
    const wide = { permittedNumberOfCallsInHalfOpenState: 3, waitDurationInOpenState: '0s' } as const;
    const probing = after(opened(wide), acquire(START, 'a'), acquire(START, 'b'));
    const two = report(report(probing, [call(true)], START, 'a'), [call(true)], START, 'b');
    expect(two.state).toBe('HALF_OPEN');
    const narrowed = { permittedNumberOfCallsInHalfOpenState: 2 };
    expect(after(two, { type: 'configure', at: START, settings: narrowed, ...by }).state).toBe('CLOSED');
  });

  test('counts in METRICS_ONLY without ever opening, and nothing in DISABLED', () => {
    const failures = Array.from({ length: 9 }, () => call(false));
    for (const [mode, failed] of [
      ['METRICS_ONLY', 5],
      ['DISABLED', 0],
    ] as const) {
      const forced = after(fresh(), { type: 'forceClose', mode, at: START, ...by });
      const seen = snapshotOf('x', report(forced, failures), START);
      expect(seen).toMatchObject({ state: mode, degraded: false, counts: { failed } });
    }
  });
});

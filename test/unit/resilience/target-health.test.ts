import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CheckCount } from '../../../src/domain/monitor.ts';
import { countLook, PLAIN, UNSEEN } from '../../../src/resilience/check-count.ts';
import {
  isFlapping,
  newTarget,
  nextChangeAt,
  nextStep,
  reduceTarget,
  type TargetEvent,
  type TargetRecord,
  type TargetRules,
} from '../../../src/resilience/target-health.ts';

const thresholds = fc.record({
  successThreshold: fc.integer({ min: 1, max: 4 }),
  failureThreshold: fc.integer({ min: 1, max: 4 }),
});

describe('the count of a check', () => {
  test('turns exactly with the look that fills the threshold in a row', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), thresholds, (looks, limits) => {
        let count: CheckCount = UNSEEN;
        let inRow = 0;
        looks.forEach((passed, index) => {
          const before = count;
          count = countLook(count, passed, limits);
          inRow = index > 0 && looks[index - 1] === passed ? inRow + 1 : 1;
          expect(passed ? count.successes : count.failures).toBe(inRow);
          expect(passed ? count.failures : count.successes).toBe(0);
          if (!passed) expect(count.state).toBe(inRow >= limits.failureThreshold ? 'unhealthy' : before.state);
          else if (before.state === 'unhealthy')
            expect(count.state).toBe(inRow >= limits.successThreshold ? 'healthy' : 'unhealthy');
          else expect(count.state).toBe('healthy');
        });
      }),
    );
  });
});

const rules: TargetRules = { burst: 3, intervalMs: 1000, cooldownMs: 50, holdMs: 30 };
const ILL: CheckCount = { state: 'unhealthy', failures: 3, successes: 0 };
const SHAKY: CheckCount = { state: 'healthy', failures: 1, successes: 0 };
const open = { recoveryId: 'recovery/a/b', recoveryRunId: 'r', since: '', joined: false };
const OPEN = { ...open, sinceMs: 0 };

type Plain = TargetEvent extends infer Each ? (Each extends TargetEvent ? Omit<Each, 'at'> : never) : never;
const events = fc.array(
  fc.tuple(
    fc.integer({ min: 0, max: 120 }),
    fc.constantFrom<Plain>(
      { type: 'looked', checks: [ILL] },
      { type: 'looked', checks: [PLAIN, ILL] },
      { type: 'looked', checks: [PLAIN] },
      { type: 'looked', checks: [SHAKY] },
      { type: 'tick' },
      { type: 'lost' },
      { type: 'ended', freshAfterMs: 0 },
      { type: 'ended', freshAfterMs: 100 },
      { type: 'lookedAgain' },
      { type: 'notStarted', problem: 'p' },
      { type: 'reset' },
      { type: 'maintain', until: 400, by: 'a', reason: 'r' },
      { type: 'endMaintenance' },
    ),
  ),
  { maxLength: 60 },
);

/** Plays events as the workflow does, which starts and calls when it is told to; gives each record to see. */
function play(given: readonly (readonly [number, Plain])[], see: (record: TargetRecord, at: number) => void) {
  let at = 0;
  let record = newTarget(0);
  const starts: number[] = [];
  for (const [pause, event] of given) {
    at += pause;
    record = reduceTarget(record, { ...event, at }, rules);
    if (event.type === 'reset') starts.length = 0;
    const step = nextStep(record);
    if (step === 'start') {
      expect(record).toMatchObject({ state: 'unhealthy' });
      expect([record.open, record.escalated, record.maintenance, record.cooldownUntil]).toEqual(
        Array(4).fill(undefined),
      );
      starts.push(at);
      record = reduceTarget(record, { type: 'started', at, open }, rules);
    }
    if (step === 'tell') record = reduceTarget(record, { type: 'told', at }, rules);
    expect(starts.filter((time) => time > at - rules.intervalMs).length).toBeLessThanOrEqual(rules.burst);
    see(record, at);
  }
}

describe('a target', () => {
  test('starts no more than the limit within the interval, and never while one is open', () => {
    fc.assert(
      fc.property(events, (given) => play(given, () => undefined)),
      { numRuns: 500 },
    );
  });

  test('changes by time alone only when it says so, and a later tick changes nothing more', () => {
    fc.assert(
      fc.property(events, (given) =>
        play(given, (record, at) => {
          const due = nextChangeAt(record, rules) ?? at + 10_000;
          expect(due).toBeGreaterThan(at);
          const before = reduceTarget(record, { type: 'tick', at: due - 1 }, rules);
          expect([before.state, before.escalated, before.maintenance]).toEqual([
            record.state,
            record.escalated,
            record.maintenance,
          ]);
          const once = reduceTarget(record, { type: 'tick', at: due }, rules);
          expect(reduceTarget(once, { type: 'tick', at: due }, rules)).toEqual(once);
        }),
      ),
    );
  });

  const after = (...given: [number, Plain][]): TargetRecord => {
    let record = newTarget(0);
    for (const [at, event] of given) record = reduceTarget(record, { ...event, at }, rules);
    return record;
  };
  const ill: Plain = { type: 'looked', checks: [ILL] };
  const well: Plain = { type: 'looked', checks: [PLAIN] };

  test('is healthy only when its checks have passed through the hold', () => {
    expect(after([0, well]).state).toBe('healthy');
    expect(after([0, ill], [10, well]).state).toBe('degraded');
    expect(after([0, ill], [10, well], [39, { type: 'tick' }]).state).toBe('degraded');
    expect(after([0, ill], [10, well], [40, { type: 'tick' }]).state).toBe('healthy');
    expect(after([0, ill], [10, well], [20, { type: 'looked', checks: [SHAKY] }], [40, { type: 'tick' }]).state).toBe(
      'degraded',
    );
  });

  test('flaps when it is ill again within the hold, three times', () => {
    const flaps = [0, 1, 2].flatMap((n): [number, Plain][] => [
      [n * 10, ill],
      [n * 10 + 5, well],
    ]);
    expect(isFlapping(after(...flaps))).toBe(false);
    expect(isFlapping(after(...flaps, [30, ill]))).toBe(true);
    expect(isFlapping(after(...flaps, [30, ill], [2000, { type: 'tick' }]))).toBe(false);
  });

  test('that is ill as far as is known starts nothing after a recovery before it was looked at again', () => {
    const sick = reduceTarget(newTarget(0), { ...ill, at: 1 }, rules);
    const ended = reduceTarget({ ...sick, open: OPEN }, { type: 'ended', at: 10, freshAfterMs: 200 }, rules);
    const before = reduceTarget(ended, { ...ill, at: 100 }, rules);
    expect(nextStep(before)).toBe('wait');
    expect(nextChangeAt(before, rules)).toBe(210);
    expect(nextStep(reduceTarget(before, { type: 'lookedAgain', at: 101 }, rules))).toBe('start');
    expect(nextStep(reduceTarget(before, { type: 'tick', at: 210 }, rules))).toBe('start');
    const well = reduceTarget(before, { type: 'looked', checks: [PLAIN], at: 102 }, rules);
    expect(nextStep(reduceTarget(well, { ...ill, at: 103 }, rules))).toBe('start');
    const aware = { ...newTarget(0), open: OPEN };
    expect(reduceTarget(aware, { type: 'ended', at: 10, freshAfterMs: 200 }, rules).staleUntil).toBeUndefined();
  });

  test('that was escalated starts nothing until it is reset or was healthy for the interval', () => {
    const given = { ...newTarget(0), starts: [1, 2, 3], cooldownUntil: 20, open: OPEN };
    const ended = reduceTarget(given, { type: 'ended', at: 10, freshAfterMs: 0 }, rules);
    const escalated = reduceTarget(reduceTarget(ended, { ...ill, at: 11 }, rules), { type: 'tick', at: 70 }, rules);
    expect(escalated.escalated).toEqual({ since: 70, told: false });
    expect(nextStep(escalated)).toBe('tell');
    const told = reduceTarget(escalated, { type: 'told', at: 71 }, rules);
    expect(nextStep(reduceTarget(told, { type: 'tick', at: 5000 }, rules))).toBe('wait');
    expect(nextStep(reduceTarget(told, { type: 'reset', at: 80 }, rules))).toBe('start');
    const healed = reduceTarget(told, { ...well, at: 100 }, rules);
    expect(reduceTarget(healed, { type: 'tick', at: 1100 }, rules).escalated).toBeDefined();
    const held = reduceTarget(healed, { type: 'tick', at: 130 }, rules);
    expect(reduceTarget(held, { type: 'tick', at: 1131 }, rules).escalated).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { describePrediction, groupRecords, predict, spreadOf, type PastRecovery } from '../../src/domain/knowledge.ts';

const past = (status: string, ms: number, more: Partial<PastRecovery> = {}): PastRecovery => ({
  status,
  playbook: 'p',
  failureType: 'network',
  startedAt: new Date(0),
  closedAt: new Date(ms),
  ...more,
});
const plan = { confidence: 0.5, actions: [{ id: 'retry' }, { id: 'skip' }] };

describe('what the past says of a plan', () => {
  it('is nothing below five samples, and the playbook’s own confidence stands', () => {
    const prediction = predict(
      [past('recovered', 1), past('failed', 1), past('recovered', 1), past('escalated', 1)],
      plan,
    );
    expect(prediction).toEqual({ plan: { n: 4 }, actions: { retry: { n: 0 }, skip: { n: 0 } }, confidence: 0.5 });
    expect(describePrediction(prediction)).toContain('no data');
  });

  it('is how often it helped and how fast, without the time that people took', () => {
    const outcome = { actions: [], ttrMs: 900, humanWaitMs: 800 };
    const found = [
      ...[10, 20, 30, 40].map((ms) => past('recovered', ms)),
      past('partial', 5000, { outcome }),
      past('failed', 1),
    ];
    expect(predict(found, plan).plan).toEqual({
      n: 6,
      successRate: 5 / 6,
      time: { n: 5, p50: 30, p90: 100, max: 100 },
    });
  });

  it('does not count what somebody stopped', () => {
    const stopped = Array.from({ length: 9 }, (_, index) => past(index % 2 ? 'cancelled' : 'killed', 1));
    expect(predict(stopped, plan).plan).toEqual({ n: 0 });
  });

  it('moves the confidence towards what has happened, the more the more there is', () => {
    const helped = (n: number) => Array.from({ length: n }, () => past('recovered', 1));
    const failed = Array.from({ length: 20 }, () => past('failed', 1));
    expect(predict(helped(5), plan).confidence).toBe(0.75);
    expect(predict(helped(45), plan).confidence).toBe(0.95);
    expect(predict(failed, plan).confidence).toBe(0.1);
  });

  it('knows single actions by what recoveries left in their memo', () => {
    const of = (status: string, ms: number) =>
      past('recovered', 1, { outcome: { actions: [['retry', status, ms]], humanWaitMs: 0 } });
    const found = [10, 20, 30, 40].map((ms) => of('succeeded', ms));
    const { actions } = predict([...found, of('failed', 99), of('compensated', 50), of('skipped', 7)], plan);
    expect(actions['retry']).toEqual({ n: 6, successRate: 5 / 6, time: { n: 5, p50: 30, p90: 50, max: 50 } });
    expect(actions['skip']).toEqual({ n: 0 });
  });
});

it('groups by what is asked for, most frequent first', () => {
  const found = [past('failed', 1, { playbook: 'b' }), ...[1, 2].map((ms) => past('recovered', ms, { playbook: 'a' }))];
  expect(groupRecords(found, ({ playbook }) => playbook ?? '').map(({ key, record }) => [key, record.n])).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
});

it.each([
  [[], undefined],
  [[5], { n: 1, p50: 5, p90: 5, max: 5 }],
  [[3, 1, 2, 4, 10, 9, 8, 7, 6, 5], { n: 10, p50: 5, p90: 9, max: 10 }],
])('takes quantiles of %j by nearest rank', (samples, expected) => {
  expect(spreadOf(samples)).toEqual(expected);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exceedsErrors, keepLast, type TreatedExecution } from '../../../src/domain/bulk.ts';

describe('the limit of errors', () => {
  it('is a count, or a percentage of ten or more', () => {
    expect(exceedsErrors(0, { failed: 0, treated: 5 })).toBe(false);
    expect(exceedsErrors(0, { failed: 1, treated: 1 })).toBe(true);
    expect(exceedsErrors('20%', { failed: 9, treated: 9 })).toBe(false);
    expect(exceedsErrors('20%', { failed: 2, treated: 10 })).toBe(false);
    expect(exceedsErrors('20%', { failed: 3, treated: 10 })).toBe(true);
  });
});

describe('what is kept of single executions', () => {
  const executions = fc.array(
    fc.record({
      workflowId: fc.uuid(),
      runId: fc.uuid(),
      at: fc.constant(''),
      result: fc.constantFrom<TreatedExecution['result']>('recovered', 'failed', 'skipped', 'running'),
    }),
  );

  it('is at most so many, in order, and failures longest', () => {
    fc.assert(
      fc.property(executions, fc.integer({ min: 1, max: 20 }), (all, most) => {
        const kept = keepLast(all, most);
        expect(kept).toHaveLength(Math.min(all.length, most));
        expect(all.filter((each) => kept.includes(each))).toEqual(kept);
        const failed = all.filter(({ result }) => result === 'failed');
        expect(kept.filter(({ result }) => result === 'failed')).toHaveLength(Math.min(failed.length, most));
      }),
    );
  });
});

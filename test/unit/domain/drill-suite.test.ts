import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  findRegressions,
  medianOf,
  rememberDrills,
  suiteVerdict,
  type PastDrill,
  type SuiteDrill,
} from '../../../src/domain/drill-suite.ts';

const drill = (more: Partial<SuiteDrill> = {}): SuiteDrill => ({
  name: 'd',
  workflowId: 'drill/d/1',
  verdict: 'passed',
  problems: [],
  ttrMs: 2000,
  startedAt: '',
  ...more,
});
const before = (verdict: PastDrill['verdict'], ...ttrsMs: number[]) => ({ d: { verdict, ttrsMs } });
const kinds = (now: SuiteDrill, past: Record<string, PastDrill>) =>
  findRegressions([now], past).map(({ kind }) => kind);

describe('a suite of drills', () => {
  it.each(['failed', 'invalid', 'aborted'] as const)(
    'has become worse where a drill that passed is now %s',
    (verdict) => {
      const now = drill({ verdict, problems: ['the steady state has not come back'] });
      expect(findRegressions([now], before('passed'))).toEqual([
        {
          name: 'd',
          kind: 'verdict',
          message: `${verdict}, and had passed before: the steady state has not come back`,
        },
      ]);
    },
  );

  it('has not become worse by a drill that is new or did not pass before', () => {
    expect(kinds(drill({ verdict: 'failed' }), {})).toEqual([]);
    expect(kinds(drill({ verdict: 'failed' }), before('failed', 1, 1, 1))).toEqual([]);
    expect(kinds(drill({ name: 'toString', verdict: 'failed' }), {})).toEqual([]);
  });

  it('has become worse where a drill takes more than twice its median, and more than a second', () => {
    const past = before('passed', 900, 1000, 1100);
    expect(kinds(drill({ ttrMs: 2001 }), past)).toEqual(['slower']);
    expect(kinds(drill({ ttrMs: 2000 }), past)).toEqual([]);
    expect(kinds(drill({ ttrMs: 1000 }), before('passed', 10, 10, 10))).toEqual([]);
    // Two figures are chance.
    expect(kinds(drill({ ttrMs: 9000 }), before('passed', 10, 10))).toEqual([]);
  });

  it('remembers the last five times of a drill that passed, and forgets none that was not run', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e6 }), { maxLength: 12 }), (times) => {
        let past: Record<string, PastDrill> = { other: { verdict: 'failed', ttrsMs: [7] } };
        for (const ttrMs of times) past = rememberDrills([drill({ ttrMs })], past);
        expect(past['d']?.ttrsMs ?? []).toEqual([...times].reverse().slice(0, 5));
        expect(past['other']).toEqual({ verdict: 'failed', ttrsMs: [7] });
        const failed = rememberDrills([drill({ verdict: 'failed', ttrMs: 1 })], past);
        expect(failed['d']).toEqual({ verdict: 'failed', ttrsMs: past['d']?.ttrsMs ?? [] });
      }),
    );
  });

  it('passes only when all of it was run and has passed', () => {
    const all = { drills: [drill()], notRun: [], problems: [] };
    expect(suiteVerdict(all, false)).toBe('passed');
    expect(suiteVerdict(all, true)).toBe('aborted');
    expect(suiteVerdict({ ...all, drills: [] }, false)).toBe('failed');
    expect(suiteVerdict({ ...all, notRun: [{ name: 'x', reason: '' }] }, false)).toBe('failed');
    expect(suiteVerdict({ ...all, drills: [drill(), drill({ verdict: 'invalid' })] }, false)).toBe('failed');
  });

  it('has a median', () => {
    expect([medianOf([]), medianOf([3]), medianOf([9, 1]), medianOf([5, 1, 2])]).toEqual([undefined, 3, 5, 2]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { momentOfId, newId } from '../../../src/domain/ids.ts';
import { drillFactOf, recoveryFactOf, timePartsOf } from '../../../src/domain/period-facts.ts';
import { PeriodReportSchema } from '../../../src/domain/period-report.schema.ts';
import { judge, measure } from '../../../src/domain/period-report.ts';
import type { DrillReport } from '../../../src/domain/drill.ts';
import { drillFact, recoveryFact, reportOf } from '../../support/period-facts.ts';
import { sampleReport } from '../../support/sample-report.ts';

const execution = { workflowId: 'recovery/release/web', runId: 'run-1', closedAt: '2026-01-01T12:00:07.000Z' };

describe('an objective', () => {
  it('is met when 95 of 100 kept to it', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(measure(hundred)).toEqual({ n: 100, p50: 50, p95: 95, max: 100 });
    expect(judge(95, hundred)).toMatchObject({ status: 'met', within: 95, unrecovered: 0, objectiveMs: 95 });
    expect(judge(94, hundred)).toMatchObject({ status: 'missed', within: 94 });
  });

  it('is missed by what was not recovered at all, however fast the others were', () => {
    expect(judge(1000, [1, 2, 3, 4, 5])).toMatchObject({ status: 'met', n: 5, p95: 5 });
    expect(judge(1000, [1, 2, 3, 4, 5], 1)).toMatchObject({ status: 'missed', n: 5, unrecovered: 1, within: 5 });
    expect(judge(1000, [], 5)).toEqual({ n: 0, unrecovered: 5, objectiveMs: 1000, within: 0, status: 'missed' });
  });

  it('says nothing of fewer than five', () => {
    expect(judge(1000, [1, 2, 3, 4])).toEqual({
      n: 4,
      unrecovered: 0,
      objectiveMs: 1000,
      within: 4,
      status: 'too_few',
    });
    expect(judge(1000, [])).toMatchObject({ status: 'unproven' });
    expect(judge(undefined, [1, 2, 3, 4, 5])).toEqual({
      ...{ n: 5, p50: 3, p95: 5, max: 5, unrecovered: 0 },
      status: 'no_objective',
    });
  });

  it('never gets better by one more that was not recovered', () => {
    const samples = fc.array(fc.nat(1000), { minLength: 5, maxLength: 50 });
    fc.assert(
      fc.property(samples, fc.nat(1000), fc.nat(5), (times, objective, lost) => {
        const before = judge(objective, times, lost).status;
        return before === 'met' || judge(objective, times, lost + 1).status === 'missed';
      }),
    );
  });
});

describe('the parts of the time to recover', () => {
  it('are read off the times of a report', () => {
    // t0 0 s, t1 1 s, t2 2 s, t3 4 s, t4 6 s, t5 7 s; 1 s of it a person was waited for.
    const parts = { detection: 1000, planning: 1000, humanWait: 1000, action: 3000, verification: 1000 };
    expect(timePartsOf(sampleReport())).toEqual(parts);
  });

  it('add up to it, whatever the times are', () => {
    const at = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(at, at, at, at, at, at, fc.nat(200_000), (t0, t1, t2, t3, t4, t5, humanWaitMs) => {
        const iso = (ms: number): string => new Date(ms).toISOString();
        const times = { t0: iso(t0), t1: iso(t1), t2: iso(t2), t3: iso(t3), t4: iso(t4), t5: iso(t5) };
        const ttrMs = Math.max(0, t5 - t0);
        const parts = timePartsOf({ times, durations: { ttdMs: 0, ttrMs, humanWaitMs, totalMs: 0 } });
        const values = Object.values(parts ?? {});
        return values.every((value) => value >= 0) && values.reduce((sum, value) => sum + value, 0) === ttrMs;
      }),
    );
  });
});

it('takes the age of a checkpoint off its id', () => {
  const at = Date.UTC(2026, 0, 1, 11, 59, 50);
  const id = newId('cp', at);
  expect(momentOfId(id)).toBe(at);
  expect(momentOfId('cp_1')).toBeUndefined();
  const report = sampleReport();
  const fact = recoveryFactOf({ ...report, restored: { ...report.restored!, checkpointId: id } }, execution);
  expect(fact).toMatchObject({ checkpointAgeMs: 10_000, playbook: 'again', ttrMs: 7000, type: 'test_failure' });
  expect(recoveryFactOf(report, execution)).not.toHaveProperty('checkpointAgeMs');
});

describe('the age of a session that came back', () => {
  const ageOf = (outcome: string, more: object = {}) => {
    const report = sampleReport();
    const [action] = report.actions;
    const change = { outcome, checkpointAt: new Date(Date.parse(report.times.t0) - 5000).toISOString() };
    const actions = [{ ...action!, status: 'succeeded' as const, output: { output: change }, ...more }];
    return recoveryFactOf({ ...report, restored: undefined, actions }, execution).checkpointAgeMs;
  };

  it('is that of the checkpoint which it was made or mended from', () => {
    expect(ageOf('recreated')).toBe(5000);
    expect(ageOf('repaired')).toBe(5000);
  });

  it('is none where nothing was brought back', () => {
    expect(ageOf('nothing to do')).toBeUndefined();
    expect(ageOf('recreated', { status: 'failed' })).toBeUndefined();
    expect(ageOf('recreated', { output: { output: 'recreated' } })).toBeUndefined();
  });
});

it('takes of a drill what it measured and why it has not passed', () => {
  const report = {
    ...{ name: 'kill', verdict: 'failed', problems: ['one', 'two'], objectives: { rto: '30s', itemsLost: 0 } },
    ...{ durations: { ttrMs: 5, humanWaitMs: 0 }, items: { count: 2, lost: ['a is gone'] } },
  } as unknown as DrillReport;
  expect(drillFactOf(report, { ...execution, workflowId: 'drill/kill/1' })).toEqual({
    ...{ kind: 'drill', workflowId: 'drill/kill/1', name: 'kill', verdict: 'failed', problem: 'one' },
    ...{ closedAt: execution.closedAt, playbook: null, rtoMs: 30_000, ttrMs: 5, itemsLost: 1 },
  });
});

describe('a report for a period', () => {
  const five = [1, 2, 3, 4, 5].map((number) => recoveryFact(number));

  it('has the figures that five recoveries give by hand', () => {
    const report = reportOf(five);
    expect(PeriodReportSchema.parse(report)).toEqual(report);
    expect(report.outcomes).toEqual({ byStatus: { recovered: 5 }, counted: 5, recovered: 5, successRate: 1 });
    expect(report.objectives).toEqual([
      {
        playbook: 'restart',
        rto: {
          ...{ n: 5, p50: 30_000, p95: 50_000, max: 50_000, unrecovered: 0, objectiveMs: 60_000, within: 5 },
          status: 'met',
        },
        rpo: { n: 0, unrecovered: 0, status: 'no_objective' },
      },
    ]);
    expect(report.recoveryTime).toEqual({
      ...{ n: 5, p50: 30_000, p95: 50_000, max: 50_000, meanMs: 30_000 },
      parts: { detection: 1000, planning: 500, humanWait: 0, action: 26_500, verification: 2000 },
    });
    expect(report.actions).toEqual([
      { type: 'retry', n: 5, succeeded: 5, time: { n: 5, p50: 300, p95: 500, max: 500 } },
    ]);
    expect(report.errors.byFingerprint).toMatchObject([{ n: 5, recovered: 5, lastTarget: 'service/web-5' }]);
    expect(report.trend).toMatchObject([{ playbook: 'restart', objectiveMs: 60_000 }]);
    expect(report.trend[0]?.points.map(({ ttrMs }) => ttrMs)).toEqual([10_000, 20_000, 30_000, 40_000, 50_000]);
  });

  it('leaves out what somebody stopped, and shows it', () => {
    const stopped = ['cancelled', 'killed'].map((status, index) => recoveryFact(6 + index, { status }));
    const { outcomes, objectives, errors } = reportOf([...five.slice(0, 4), ...stopped]);
    expect(outcomes).toEqual({ byStatus: { recovered: 4, cancelled: 1, killed: 1 }, counted: 4, recovered: 4 });
    expect(objectives[0]?.rto).toMatchObject({ n: 4, status: 'too_few' });
    expect(objectives[0]?.rto).not.toHaveProperty('p50');
    expect(errors.byType).toEqual([{ key: 'network', n: 4, recovered: 4 }]);
  });

  it('counts an escalated one against the objective, and one that was not proven for nothing', () => {
    const { ttrMs: _ttr, parts: _parts, ...open } = recoveryFact(6);
    const lost = { ...open, status: 'escalated', category: 'CRITICAL' };
    expect(reportOf([...five, lost]).objectives[0]?.rto).toMatchObject({ n: 5, unrecovered: 1, status: 'missed' });
    expect(reportOf([...five, lost]).errors.byCategory).toEqual([
      { key: 'TRANSIENT', n: 5, recovered: 5 },
      { key: 'CRITICAL', n: 1, recovered: 0 },
    ]);
    expect(reportOf([...five, open]).objectives[0]?.rto).toMatchObject({ n: 5, unrecovered: 0, status: 'met' });
  });

  it('judges by the objective of the newest plan', () => {
    const stricter = recoveryFact(31, { rtoMs: 20_000, ttrMs: 1000 });
    expect(reportOf([stricter, ...five]).objectives[0]?.rto).toMatchObject({ objectiveMs: 20_000, within: 3 });
  });

  it('sets drills beside their objectives; one that broke nothing is no sample', () => {
    const { ttrMs: _ttr, ...untimed } = drillFact(3);
    const { drills } = reportOf(
      [],
      [
        drillFact(1),
        drillFact(2, { verdict: 'failed', ttrMs: 40_000, problem: 'slow', itemsLost: 2 }),
        { ...untimed, verdict: 'invalid', problem: 'no git' },
        { ...untimed, verdict: 'failed', problem: 'not healthy' },
      ],
    );
    expect(drills).toMatchObject([
      {
        ...{ name: 'kill', runs: 4, verdicts: { passed: 1, failed: 2, invalid: 1 }, itemsLost: 2 },
        ...{ lastVerdict: 'failed', lastProblem: 'not healthy' },
        rto: { n: 2, unrecovered: 1, within: 1, status: 'too_few' },
      },
    ]);
  });
});

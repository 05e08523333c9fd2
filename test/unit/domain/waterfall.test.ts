import { expect, it } from 'vitest';
import { waterfallOf } from '../../../src/domain/waterfall.ts';
import { sampleReport } from '../../support/sample-report.ts';

it('has a bar for each stretch of a recovery', () => {
  expect(waterfallOf(sampleReport())).toEqual([
    { kind: 'detection', name: 'until it was seen', from: 0, to: 1000 },
    { kind: 'planning', name: 'planned', from: 1000, to: 2000 },
    { kind: 'humanWait', name: 'waited for an approval', from: 2000, to: 3000 },
    { kind: 'action', name: 'Try again', from: 4000, to: 6000 },
    { kind: 'verification', name: 'verified', from: 6000, to: 7000 },
  ]);
});

it('shows steps by hand as waits, what failed as failed, and leaves out what never began', () => {
  const { actions, ...report } = sampleReport();
  const [again] = actions;
  const { startedAt: _start, finishedAt: _finish, ...never } = again!;
  const stretches = waterfallOf({
    ...report,
    times: { t0: report.times.t0, t1: report.times.t1 },
    approvals: [],
    failedStrategies: [{ ...report.failedStrategies![0]!, actions: [{ ...again!, status: 'failed' }] }],
    actions: [{ ...again!, type: 'manual', title: 'Swap the disk' }, never],
  });
  expect(stretches.slice(1)).toEqual([
    { kind: 'action', name: 'Try again', from: 4000, to: 6000, failed: true },
    { kind: 'humanWait', name: 'Swap the disk', from: 4000, to: 6000 },
  ]);
});

import { describe, expect, it } from 'vitest';
import { CONTRACT } from '../../src/api/contract.ts';
import { SEVERITIES } from '../../src/domain/failure.ts';
import { sampleReport } from '../../test/support/sample-report.ts';
import { ACCESS, refusalOf, type Change } from '../src/api/access.ts';
import type { ListedRecovery, Plan, RecoveryDetail } from '../src/api/types.ts';
import { SEVERITY_WORDS } from '../src/pages/recoveries/filter-bar.tsx';
import { FILTER_STATUSES, matchesFilter, mergeRecoveries, readFilter } from '../src/pages/recoveries/filter.ts';
import { addEntry } from '../src/pages/recovery/use-recovery.ts';
import { formatAge, formatBytes, formatDuration, toMilliseconds } from '../src/words/format.ts';
import { standsAt } from '../src/words/sentence.ts';
import { describeWait, waitsForPerson } from '../src/words/waits.ts';

it.each(Object.keys(ACCESS) as Change[])('asks for the same role as the API: %s', (change) => {
  expect(ACCESS[change]).toBe(CONTRACT[change].access);
  expect(refusalOf({ roles: ['viewer'] }, change)).toContain(ACCESS[change]);
  expect(refusalOf({ roles: ['viewer', ACCESS[change]] }, change)).toBeUndefined();
});

it('offers every status and severity that the API filters by', () => {
  const { query } = CONTRACT.listRecoveries;
  for (const status of FILTER_STATUSES) expect(query.safeParse({ status }).success).toBe(true);
  expect([...SEVERITY_WORDS].sort()).toEqual([...SEVERITIES].sort());
});

const listed = (target: string, startedAt: string, more: Partial<ListedRecovery> = {}): ListedRecovery => ({
  workflowId: `recovery/${target}`,
  runId: `run-${target}-${startedAt}`,
  target,
  status: 'executing',
  subject: null,
  playbook: 'again',
  category: null,
  failureType: null,
  severity: 'HIGH',
  waitingFor: null,
  waitingSince: null,
  startedAt,
  closedAt: null,
  ...more,
});

describe('news for a list', () => {
  const old = [listed('b', '2026-01-02'), listed('a', '2026-01-01')];
  const all = () => true;
  it('come in by their start, and replace what is known', () => {
    const merged = mergeRecoveries(
      old,
      [listed('c', '2026-01-03'), listed('a', '2026-01-01', { status: 'paused' })],
      all,
    );
    expect(merged.map(({ target, status }) => `${target} ${status}`)).toEqual([
      'c executing',
      'b executing',
      'a paused',
    ]);
  });
  it('leave when they do not fit the filter any more', () => {
    const filter = readFilter(new URLSearchParams('status=executing,planning&open=true&other=x'));
    expect(filter).toEqual({ status: 'executing,planning', open: 'true' });
    const closed = listed('b', '2026-01-02', { status: 'recovered', closedAt: '2026-01-02' });
    const merged = mergeRecoveries(old, [closed], (item) => matchesFilter(item, filter));
    expect(merged.map(({ target }) => target)).toEqual(['a']);
  });
});

it('keeps a timeline in order, whatever comes twice or late', () => {
  const entry = (seq: number) => ({ seq, at: '2026-01-01', kind: 'status' as const, message: String(seq) });
  const timeline = [3, 1, 2, 3, 1].reduce(
    (entries, seq) => addEntry(entries, entry(seq)),
    [] as ReturnType<typeof addEntry>,
  );
  expect(timeline.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

it('knows which waits a person ends', () => {
  expect(['approval', 'manual:fix', 'decision:again', 'resume'].map(waitsForPerson)).not.toContain(false);
  expect(['breaker:db', 'time', 'probes', null].map(waitsForPerson)).not.toContain(true);
  expect(describeWait('decision:again')).toBe('a decision on again');
});

it.each([
  [850, '850 ms'],
  [38_000, '38 s'],
  [245_000, '4 min 05 s'],
  [3_720_000, '1 h 02 min'],
  [100 * 3_600_000, '4 d 4 h'],
])('writes %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

it('writes ages, bytes and reads durations', () => {
  expect(formatAge('2026-01-01T00:00:00Z', Date.parse('2026-01-01T01:05:00Z'))).toBe('1 h 05 min');
  expect([0, 1023, 1536, 5 * 1024 ** 3].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KiB', '5.0 GiB']);
  expect([toMilliseconds('5 minutes'), toMilliseconds('60s'), toMilliseconds(undefined)]).toEqual([
    300_000,
    60_000,
    undefined,
  ]);
});

const report = sampleReport();
const plan = report.plan as Plan;

it('says in a sentence where a recovery stands', () => {
  const [record] = report.actions;
  if (!record) throw new Error('the sample has an action');
  const detail: RecoveryDetail = {
    workflowId: report.workflowId,
    runId: report.runId,
    target: report.target,
    status: 'executing',
    coarseState: 'in_progress',
    open: true,
    startedAt: '2026-01-01T12:00:00Z',
    closedAt: null,
    report: null,
    plan: { ...plan, objectives: { rto: '5m' } },
    timeline: [],
    allowedDecisions: [],
    links: {},
    snapshot: {
      workflowId: report.workflowId,
      runId: report.runId,
      target: report.target,
      status: 'executing',
      currentAction: 'again',
      actions: [{ ...record, title: 'Restart api', status: 'running', attempts: [] }],
      joined: 0,
      timelineLength: 0,
      startedAt: '2026-01-01T12:00:00Z',
    },
  };
  const now = Date.parse('2026-01-01T12:00:38Z');
  expect(standsAt(detail, now)).toBe('Restart api: action 1 of 1, 38 s of 5 min 00 s RTO.');
  expect(standsAt({ ...detail, snapshot: null, unanswered: 'no worker answers' }, now)).toBe('No worker answers.');
  expect(standsAt({ ...detail, report, snapshot: null }, now)).toBe(
    'release/web recovered by retry, verified by probes.',
  );
});

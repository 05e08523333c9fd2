import { describe, expect, it } from 'vitest';
import { PART_NAMES } from '../../../scripts/prove/parts.ts';
import { resultsMarkdown, readRow, type Results } from '../../../scripts/prove/results-markdown.ts';
import type { Result } from '../../../scripts/prove/result.ts';
import { ROWS, type Row } from '../../../scripts/prove/rows.ts';
import { findJson } from '../../../scripts/prove/run-command.ts';
import { findDrillReports } from '../../../scripts/prove/run-drills.ts';

const result = (part: string, output: unknown, more: Partial<Result> = {}): Result => ({
  schemaVersion: 1,
  part,
  command: `measure ${part}`,
  at: '2026-01-02T03:04:05.000Z',
  commit: 'abc1234',
  changed: false,
  machine: { os: 'Linux 6', cores: 2, memoryGiB: 7.8, loadBefore: 0.1 },
  versions: { rerail: '0.1.0', node: 'v20.20.2' },
  seconds: 12.3,
  exitCode: 0,
  output,
  ...more,
});

const summary = (n: number, mean: number, max = mean) => ({ n, mean, p50: mean, p90: max, p99: max, max });
const bar = (what: string, figure: number, limit: number) => ({
  what,
  figure,
  bar: limit,
  unit: '%',
  holds: figure <= limit,
});
const at = (ms: number): string => new Date(ms + 1e12).toISOString();
const drill = (name: string, ttrMs: number, more: object = {}) => ({
  ...{ name, verdict: 'passed', objectives: { rto: '30s', rpo: '60s', itemsLost: 0 } },
  ...{ items: { count: 3, lost: [] }, durations: { ttrMs, humanWaitMs: 0, checkpointAgeMs: 1500 } },
  times: {
    ...{ startedAt: at(-1000), t0: at(0), t1: at(200), t2: at(300), t3: at(400) },
    ...{ t4: at(1000), t5: at(1600), finishedAt: at(2000) },
  },
  ...more,
});

const HEAL = {
  ...{ faults: 4, recovered: 4, duplicates: 0, waitedForPeople: 1 },
  workerCpu: bar('CPU', 61, 50),
  kinds: [
    { kind: 'killed', ...summary(3, 1000, 2000), bar: bar('killed', 1, 2) },
    { kind: 'frozen', ...summary(1, 5000), bar: bar('frozen', 1, 2) },
  ],
};

const rowsOf = (results: Results): Record<string, { verdict: string; figure: string; n?: number }> =>
  Object.fromEntries(ROWS.map((row) => [`${row.requirement} ${row.what}`, readRow(row, results)]));

describe('the rows', () => {
  it('say of every one that nothing has measured it, where nothing has', () => {
    expect(new Set(Object.values(rowsOf({})).map(({ verdict }) => verdict))).toEqual(new Set(['not measured']));
    const asked = ['1.9', '2.9', '4.6', '5.1', '5.2', '5.3', '5.4', '6.5', '7.3', '8.4'];
    expect(new Set(ROWS.map(({ requirement }) => requirement))).toEqual(new Set([...asked, 'speed', 'chaos']));
  });

  it('compute figures from what was printed, and keep a missed bar', () => {
    const rows = rowsOf({ heal: result('heal', HEAL) });
    // (3 x 1 s + 1 x 5 s) / 4
    expect(rows['6.5 Mean time from a fault to verified health']).toMatchObject({
      ...{ verdict: 'met', figure: 'mean 2.00 s, max 5.00 s', n: 4 },
    });
    expect(rows['6.5 CPU while it recovers']).toMatchObject({ verdict: 'missed', figure: '61 %, mean' });
    expect(rows['6.5 Faults recovered']).toMatchObject({
      verdict: 'measured',
      figure: '100.0 % (4 of 4), which says at least 47.3 %',
    });
    const success = (faults: number, recovered: number) =>
      rowsOf({ heal: result('heal', { ...HEAL, faults, recovered }) })['6.5 Faults recovered']?.verdict;
    expect([success(3000, 3000), success(3000, 2998), success(3000, 2996)]).toEqual(['met', 'met', 'missed']);
    expect(rows['6.5 Common faults without a manual step']).toMatchObject({ verdict: 'missed' });
  });

  it('compare drills with the objective of the row and with their own', () => {
    const drills = [
      drill('rollback-simple-change', 2000),
      drill('component-link-cascade', 29_000),
      drill('session-crashed', 40_000, { verdict: 'failed', items: { count: 3, lost: ['a'] } }),
    ];
    const rows = rowsOf({ drills: result('drills', drills, { exitCode: 4 }) });
    expect(rows['2.9 Rollback of simple file changes']).toMatchObject({
      verdict: 'met',
      figure: 'slowest 2.00 s',
      n: 1,
    });
    expect(rows['2.9 Rollback of large files']).toMatchObject({ verdict: 'not measured' });
    expect(rows['4.6 Link cascade']).toMatchObject({ verdict: 'met' });
    expect(rows['7.3 Drills']).toMatchObject({ verdict: 'missed', figure: '2 of 3 passed; session-crashed failed' });
    const left = (...leftovers: string[]) =>
      rowsOf({ drills: result('drills', [...drills, { leftovers }]) })[
        '7.3 Processes, mounts and sandboxes left by all drills'
      ];
    expect(left()).toMatchObject({ verdict: 'met', figure: 'nothing', n: 3 });
    expect(left('process 7: sleep')).toMatchObject({ verdict: 'missed', figure: 'process 7: sleep' });
    expect(rows['7.3 RTO of all drills']).toMatchObject({
      verdict: 'missed',
      figure: '2 of 3 within; session-crashed',
    });
    expect(rows['2.9 Data lost in all drills']).toMatchObject({ verdict: 'missed' });
    expect(rows['2.9 Session state lost']).toMatchObject({ verdict: 'met', figure: 'oldest 1.50 s' });
  });

  it('name what can be undone and has not been, in a drill that has passed', () => {
    const name = '7.3 Those done, undone and compared in a drill';
    const undoing = (playbook: string, action: string, verdict = 'passed') =>
      drill(playbook, 1000, {
        ...{ verdict, recovery: { playbook }, undone: { differences: [], actions: [action] } },
      });
    expect(rowsOf({ drills: result('drills', [drill('a', 1000)]) })[name]).toMatchObject({ verdict: 'not measured' });
    const found = rowsOf({
      drills: result('drills', [
        ...[undoing('service-cache', 'clear-corrupt'), undoing('service-cache', 'clear-corrupt')],
        ...[undoing('machine-resources', 'heal-cpu', 'failed'), undoing('elsewhere', 'heal-disk')],
      ]),
    })[name];
    expect(found).toMatchObject({ verdict: 'missed', n: 3 });
    expect(found?.figure).toMatch(/^1 of \d+; /);
    expect(found?.figure).toContain('not machine-resources heal-cpu');
    expect(found?.figure).not.toContain('clear-corrupt');
  });

  it('show drills by playbook and by action, with where the time went', () => {
    const recovery = (playbook: string, ...statuses: string[]) => ({
      recovery: { playbook, actions: statuses.map((status) => ({ type: 'retry', status, durationMs: 40 })) },
    });
    const drills = [
      drill('a', 2000, recovery('first', 'failed', 'succeeded')),
      drill('b', 4000, { ...recovery('first', 'not_needed'), objectives: { rto: '20s', itemsLost: 0 } }),
      drill('c', 1000, { verdict: 'failed' }),
    ];
    const page = resultsMarkdown(ROWS, { drills: result('drills', [...drills, { leftovers: [] }]) });
    const first =
      '| first | 2 | 20.00 s | 2.00 s | 4.00 s | 60.00 s | 1.50 s | 200.0 ms | 100.0 ms | 0.0 ms | 2.10 s | 600.0 ms |';
    expect(page).toContain(first);
    expect(page).toMatch(/^\| built-in rules \| 1 \|/m);
    expect(page).toContain('| retry | 2 | 1 | 40.0 ms | 40.0 ms |');
    expect(page).toMatch(/^\| failed \| 1 \| c \|$/m);
    expect(resultsMarkdown(ROWS, {})).not.toContain('Drills by playbook');
  });

  it('read checkpoints, chaos and suites', () => {
    const ms = { 'small create, ledger': summary(40, 120), first: summary(3, 4000) };
    const experiments = [{ experiment: 'kills', counts: { kills: 20 }, violations: [] }];
    const tests = (name: string, status: string) => ({ name, assertionResults: [{ status, fullName: name }] });
    const rows = rowsOf({
      checkpoints: result('checkpoints', { ms, bars: [bar('a', 3, 2), bar('b', 1, 2)] }),
      'chaos-checkpoints': result('chaos-checkpoints', { experiments }),
      suites: result('suites', {
        testResults: [tests('/breaker.test.ts', 'failed'), tests('/saga.test.ts', 'passed')],
      }),
    });
    expect(rows['1.9 Small state: create, with its ledger']).toMatchObject({ verdict: 'missed', n: 40 });
    expect(rows['1.9 150 MB in 10,000 files: create']).toMatchObject({ verdict: 'met', n: 3 });
    expect(rows['1.9 80 MB of files: create']).toMatchObject({ verdict: 'not measured' });
    expect(rows['1.9 Stored for each session']).toMatchObject({ verdict: 'not measured' });
    expect(rows['1.9 Checkpoints beside other tools']?.figure).toBe('1 of 2 hold; a: 3 of 2 %');
    expect(rows['1.9 Corruption and integrity after kills and flipped bits']).toMatchObject({ verdict: 'met', n: 20 });
    expect(rows['5.2 Circuit breaker']).toMatchObject({ verdict: 'missed' });
    expect(rows['5.4 Transactions and sagas']).toMatchObject({ verdict: 'met', n: 1 });
  });
});

it('read what is stored of a session, which needs tmux', () => {
  const row = (storedSession: object | null) =>
    rowsOf({ checkpoints: result('checkpoints', { ms: {}, storedSession }) })['1.9 Stored for each session'];
  const stored = { checkpoints: 20, treeBytes: 30e6, panes: 3, storeBytes: 45_649_920 };
  const figure = '45.6 MB after 20 checkpoints of 3 full panes and a tree of 30.0 MB';
  expect(row(stored)).toMatchObject({ verdict: 'met', figure, n: 1 });
  expect(row({ ...stored, storeBytes: 100e6 })).toMatchObject({ verdict: 'missed' });
  expect(row(null)).toMatchObject({ verdict: 'not measured' });
});

it('read the chaos suite, and take an experiment that was not run for a miss', () => {
  const row = (experiment: string, more: object = {}) => ({
    ...{ experiment, faults: 3, recoveries: 24, lost: 0, doubled: 0, undone: 0, unverified: 0, other: 0 },
    ...more,
  });
  const counts = { 'places killed at': 5, 'places of the history': 6, 'kills of the worker': 9 };
  const experiments = [
    row('postgres'),
    row('worker-kills', { counts }),
    row('in-flight', { doubled: 1 }),
    row('clock-jumps', { skipped: 'no tool' }),
  ];
  const rows = rowsOf({ chaos: result('chaos', { experiments }) });
  expect(rows['chaos Temporal on PostgreSQL, all of it killed']).toMatchObject({ verdict: 'met', n: 24 });
  expect(rows['chaos Worker killed at places of a history']?.figure).toMatch(
    /0 other; places of the history: 6; places killed at: 5$/,
  );
  expect(rows['chaos Many recoveries in flight under kills']).toMatchObject({
    verdict: 'missed',
    figure: '3 faults, 0 lost, 1 doubled, 0 undone, 0 unverified, 0 other',
  });
  expect(rows['chaos Clocks that jump']).toMatchObject({ verdict: 'missed', figure: 'not run: no tool' });
  expect(rows['chaos Network between worker and server']).toMatchObject({ verdict: 'not measured' });
});

describe('RESULTS.md', () => {
  const row: Row = {
    ...{ requirement: '9.9', what: 'a | b', objective: '< 1 s', part: 'heal' },
    read: () => ({ figure: '2 s', n: 3, holds: false }),
  };

  it('names figure, n, verdict, command, date and commit in each row, and is the same each time', () => {
    const results = { heal: result('heal', HEAL, { changed: true }) };
    const text = resultsMarkdown([row], results);
    expect(text).toContain(
      '| 9.9 | a \\| b | \\< 1 s | 2 s | 3 | **missed** | `measure heal` | 2026-01-02, abc1234, changed |',
    );
    expect(text).toContain('2 cores, 7.8 GiB of memory');
    expect(text).toContain('rerail 0.1.0, node v20.20.2');
    expect(text).toContain('Rows: 0 met, 1 missed');
    for (const name of PART_NAMES) expect(text).toContain(`| ${name} |`);
    expect(resultsMarkdown([row], results)).toBe(text);
  });

  it('keeps the date and the commit of a part that was not measured again', () => {
    const old = { at: '2025-12-01T00:00:00.000Z', commit: 'old0000' };
    const text = resultsMarkdown([row, { ...row, part: 'api' }], {
      heal: result('heal', {}, old),
      api: result('api', {}),
    });
    expect(text).toContain('`measure heal` | 2025-12-01, old0000 |');
    expect(text).toContain('Newest measurement: 2026-01-02 03:04 UTC, commit abc1234');
  });

  it('shows in its row what has failed, and an output that nobody expected', () => {
    const failed = { heal: result('heal', undefined, { exitCode: 7, said: 'first\nno space left\n' }) };
    expect(resultsMarkdown([row], failed)).toContain('| exit code 7: no space left |  | **failed** |');
    const strange: Row = { ...row, read: ROWS.find(({ part }) => part === 'heal')!.read! };
    expect(readRow(strange, { heal: result('heal', { faults: 'many' }) })).toMatchObject({ verdict: 'failed' });
  });
});

describe('what a command has printed', () => {
  it('is the JSON at its end', () => {
    expect(findJson('note\n{half\n{\n "a": 1\n}\n')).toEqual({ a: 1 });
    expect(findJson('nothing')).toBeUndefined();
  });

  it('is the reports of drills, without the sum, and without the readings of those that have passed', () => {
    const lines = [
      { event: 'drill', name: 'a', verdict: 'passed', before: [1] },
      { event: 'drill', name: 'b', verdict: 'failed', before: [1] },
      { event: 'summary', drills: 2 },
    ];
    expect(findDrillReports(lines.map((line) => JSON.stringify(line)).join('\n'))).toEqual([
      { event: 'drill', name: 'a', verdict: 'passed' },
      { event: 'drill', name: 'b', verdict: 'failed', before: [1] },
    ]);
  });
});

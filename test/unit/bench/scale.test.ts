import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countEvents } from '../../../bench/scale/count-history.ts';
import { databaseBytes } from '../../../bench/scale/database-size.ts';
import { KINDS, planOf, playbookOf } from '../../../bench/scale/kinds.ts';
import { cpuMsOf } from '../../../bench/process-cpu.ts';
import { grown, parseMetrics, sumBy } from '../../../bench/scale/server-metrics.ts';
import { parsePlaybooks } from '../../support/parse-playbooks.ts';

const historyOf = (name: string): Parameters<typeof countEvents>[0] =>
  (
    JSON.parse(readFileSync(new URL(`../../replay/histories/${name}.json`, import.meta.url), 'utf8')) as {
      events: Parameters<typeof countEvents>[0];
    }
  ).events;

describe('what is counted of a history', () => {
  it('is what Temporal Cloud bills: markers of a task once, an activity and each retry of it, each upsert', () => {
    const events = [
      { workflowExecutionStartedEventAttributes: {} },
      { workflowTaskCompletedEventAttributes: {} },
      { markerRecordedEventAttributes: { markerName: 'core_local_activity', workflowTaskCompletedEventId: '4' } },
      { markerRecordedEventAttributes: { markerName: 'core_patch', workflowTaskCompletedEventId: '4' } },
      { upsertWorkflowSearchAttributesEventAttributes: {} },
      { workflowPropertiesModifiedEventAttributes: {} },
      { activityTaskScheduledEventAttributes: {} },
      { activityTaskStartedEventAttributes: { attempt: 3 } },
      { workflowTaskCompletedEventAttributes: {} },
      { timerStartedEventAttributes: {} },
      { workflowExecutionSignaledEventAttributes: {} },
      { workflowExecutionUpdateAcceptedEventAttributes: {} },
      { startChildWorkflowExecutionInitiatedEventAttributes: {} },
    ];
    const counts = countEvents(events);
    expect(counts).toMatchObject({ workflowTasks: 2, activityTasks: 1, localActivities: 1, timers: 1, signals: 1 });
    // start 1, markers 1, upsert 1, activity 1 and two retries, timer 1, signal 1, update 1, child 2
    expect(counts.actions).toBe(11);
  });

  it('comes from recorded histories as well', () => {
    expect(countEvents(historyOf('recovery-skipped'))).toMatchObject({ localActivities: 1, signals: 0 });
    const approved = countEvents(historyOf('recovery-approved'));
    expect(approved.updates).toBe(1);
    expect(approved.attributeUpserts).toBeGreaterThanOrEqual(3);
  });
});

describe('the metrics of the server', () => {
  const text = [
    '# TYPE service_requests counter',
    'service_requests{namespace="default",operation="StartWorkflowExecution",service_name="frontend"} 3',
    'service_requests{namespace="default",operation="StartWorkflowExecution",service_name="history"} 5',
    'service_requests{namespace="default",operation="QueryWorkflow",service_name="frontend"} 1e+01',
    'odd{le="a \\"quoted\\" one"} NaN',
    '',
  ].join('\n');

  it('are added up by a label', () => {
    const samples = parseMetrics(text);
    expect(samples).toHaveLength(3);
    expect(sumBy(samples, 'service_requests', 'operation', (labels) => labels['service_name'] === 'frontend')).toEqual({
      StartWorkflowExecution: 3,
      QueryWorkflow: 10,
    });
  });

  it('tell what has been added since', () => {
    expect(grown({ a: 1, b: 2 }, { b: 2, c: 4, a: 3 })).toEqual({ a: 2, c: 4 });
  });
});

describe('the size of the database', () => {
  const PAGE = 4096;
  const SALTS = [7, 8] as const;
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'rerail-size-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function write(name: string, pages: number, frames: readonly { committed: number; salt?: number }[]): string {
    const file = join(folder, name);
    const header = Buffer.alloc(100);
    header.writeUInt16BE(PAGE, 16);
    header.writeUInt32BE(pages, 28);
    writeFileSync(file, header);
    const head = Buffer.alloc(32);
    SALTS.forEach((salt, index) => head.writeUInt32BE(salt, 16 + 4 * index));
    const body = frames.map(({ committed, salt = SALTS[0] }) => {
      const frame = Buffer.alloc(24 + PAGE);
      frame.writeUInt32BE(committed, 4);
      frame.writeUInt32BE(salt, 8);
      frame.writeUInt32BE(SALTS[1], 12);
      return frame;
    });
    if (frames.length > 0) writeFileSync(`${file}-wal`, Buffer.concat([head, ...body]));
    return file;
  }

  it('is that of the file where nothing is in the log', () => {
    expect(databaseBytes(write('plain.db', 5, []))).toBe(5 * PAGE);
  });

  it('is that of the last commit in the log, and not of an earlier round of it', () => {
    const file = write('logged.db', 5, [
      { committed: 0 },
      { committed: 9 },
      { committed: 0 },
      { committed: 50, salt: 6 },
    ]);
    expect(databaseBytes(file)).toBe(9 * PAGE);
  });
});

describe('what is recovered', () => {
  it('has playbooks of one name each that can be read', () => {
    const kinds = [...Array.from({ length: 10 }, (_, index) => planOf(index + 1)), ...KINDS];
    const playbooks = parsePlaybooks(kinds.map(playbookOf).join('---\n'));
    expect(new Set(playbooks.map(({ name }) => name)).size).toBe(kinds.length);
    expect(playbooks.slice(0, 10).map(({ document }) => document.spec.actions.length)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  });
});

it('the processor time of a process only grows', () => {
  const before = cpuMsOf(process.pid);
  expect(before).toBeGreaterThan(0);
  expect(cpuMsOf(process.pid)).toBeGreaterThanOrEqual(before);
});

import { afterEach, describe, expect, it, vi } from 'vitest';
import { closedRecoveryOf } from '../../../src/domain/closed-recovery.ts';
import { countRecoveries } from '../../../src/telemetry/metrics/count.ts';
import { createMetrics, type MetricsOptions } from '../../../src/telemetry/metrics/create-metrics.ts';
import type { Listening } from '../../../src/process/listen.ts';
import { serveMetrics } from '../../../src/telemetry/metrics/serve-metrics.ts';
import { sampleReport } from '../../support/sample-report.ts';

const newMetrics = (options: Partial<MetricsOptions> = {}) =>
  createMetrics({ version: '1.2.3', host: 'h', ...options });
const linesOf = async (metrics: ReturnType<typeof newMetrics>, name: string): Promise<string[]> =>
  (await metrics.render()).body
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

const CLOSED = {
  status: 'recovered',
  failureType: 'network',
  playbook: 'web',
  severity: 'high',
  ttrMs: 4200,
  humanWaitMs: 0,
  actions: [{ type: 'retry', outcome: 'succeeded', attempts: 3, durationMs: 1500 }],
} as const;

afterEach(() => {
  vi.useRealTimers();
});

describe('what a closed recovery adds', () => {
  it('is words of bounded sets, never a target or an id', () => {
    const report = sampleReport();
    const closed = closedRecoveryOf(report);
    const text = JSON.stringify(closed);
    expect(text).not.toContain(report.target);
    expect(text).not.toContain(report.runId);
    expect(closed.actions.every(({ attempts }) => attempts > 0)).toBe(true);
  });

  it('counts it by status, and its times in seconds', async () => {
    const metrics = newMetrics();
    metrics.recoveryClosed({ ...CLOSED, actions: [...CLOSED.actions] });
    expect(await linesOf(metrics, 'rerail_recoveries_closed_total')).toEqual([
      'rerail_recoveries_closed_total{status="recovered",failure_type="network",playbook="web",severity="high"} 1',
    ]);
    expect(await linesOf(metrics, 'rerail_recovery_ttr_seconds_sum')).toEqual([
      'rerail_recovery_ttr_seconds_sum{failure_type="network"} 4.2',
    ]);
    expect(await linesOf(metrics, 'rerail_action_attempts_total')).toEqual([
      'rerail_action_attempts_total{action="retry",outcome="succeeded"} 3',
    ]);
  });

  it('tells 200 playbooks apart and no more', async () => {
    const metrics = newMetrics();
    for (let index = 0; index < 250; index++) metrics.recoveryClosed({ ...CLOSED, actions: [], playbook: `p${index}` });
    const lines = await linesOf(metrics, 'rerail_recoveries_closed_total');
    expect(lines).toHaveLength(201);
    expect(lines.at(-1)).toContain('playbook="other"');
    expect(lines.at(-1)).toMatch(/ 50$/);
  });
});

describe('what is to be counted', () => {
  it('begins at 0 where its labels are known, so that the first of its kind is an increase', async () => {
    const metrics = newMetrics();
    const countOf = async (name: string, labels: string) =>
      (await linesOf(metrics, name)).filter((line) => line.startsWith(`${name}{${labels}} `));
    expect(await countOf('rerail_recovery_ttr_seconds_count', 'failure_type="network"')).toEqual([]);
    countRecoveries(metrics);
    for (const [name, labels] of [
      ['rerail_recovery_ttr_seconds_count', 'failure_type="network"'],
      ['rerail_recovery_human_wait_seconds_count', 'status="escalated"'],
      ['rerail_action_duration_seconds_count', 'action="retry",outcome="failed"'],
      ['rerail_action_attempts_total', 'action="rollback",outcome="succeeded"'],
      ['rerail_command_duration_seconds_count', 'outcome="failed"'],
      ['rerail_checkpoints_created_total', 'outcome="failed"'],
    ] as const) {
      expect(await countOf(name, labels)).toEqual([`${name}{${labels}} 0`]);
    }
    metrics.recoveryClosed({ ...CLOSED, actions: [...CLOSED.actions] });
    const name = 'rerail_recovery_ttr_seconds_count';
    expect(await countOf(name, 'failure_type="network"')).toEqual([`${name}{failure_type="network"} 1`]);
  });
});

describe('looks of monitors', () => {
  it('count with how late they began; one that began early is not late', async () => {
    const metrics = newMetrics();
    for (const lateMs of [-2, 3, 40, 7000]) metrics.lookBegan(lateMs);
    const buckets = await linesOf(metrics, 'rerail_monitor_look_late_seconds_bucket');
    expect(buckets.filter((line) => /le="(0.005|0.05|5|10)"/.test(line)).map((line) => line.split(' ')[1])).toEqual([
      ...['2', '3', '3', '4'],
    ]);
  });
});

describe('activities', () => {
  it('count where they are commands and captures', async () => {
    const metrics = newMetrics();
    metrics.activityEnded({ activityType: 'runCommand', ok: false, durationMs: 250 });
    metrics.activityEnded({ activityType: 'captureCheckpoint', ok: true, durationMs: 9 });
    metrics.activityEnded({ activityType: 'makePlan', ok: true, durationMs: 9 });
    expect(await linesOf(metrics, 'rerail_command_duration_seconds_sum')).toEqual([
      'rerail_command_duration_seconds_sum{outcome="failed"} 0.25',
    ]);
    expect(await linesOf(metrics, 'rerail_checkpoints_created_total')).toEqual([
      'rerail_checkpoints_created_total{outcome="succeeded"} 1',
    ]);
  });
});

describe('what is looked up', () => {
  it('is asked once in ten seconds, for all who scrape', async () => {
    vi.useFakeTimers({ now: 100_000, toFake: ['Date'] });
    const waiting = vi.fn(() => Promise.resolve([{ waitingFor: 'approval', count: 2, oldestSince: 40_000 }]));
    const metrics = newMetrics({ sources: { waiting } });
    await Promise.all([metrics.render(), metrics.render()]);
    expect(await linesOf(metrics, 'rerail_recoveries_waiting')).toEqual([
      'rerail_recoveries_waiting{waiting_for="approval"} 2',
    ]);
    expect(await linesOf(metrics, 'rerail_recoveries_waiting_oldest_seconds')).toEqual([
      'rerail_recoveries_waiting_oldest_seconds{waiting_for="approval"} 60',
    ]);
    expect(waiting).toHaveBeenCalledTimes(1);
    vi.setSystemTime(110_001);
    waiting.mockResolvedValue([]);
    expect(await linesOf(metrics, 'rerail_recoveries_waiting')).toEqual([]);
    expect(waiting).toHaveBeenCalledTimes(2);
  });

  it('is absent where it cannot be read, and said so once', async () => {
    const onError = vi.fn();
    const store = vi.fn(() => Promise.resolve({ bytes: 7, checkpoints: 2, quotaBytes: 100 }));
    const metrics = newMetrics({ sources: { store }, onError });
    expect(await linesOf(metrics, 'rerail_store_bytes')).toEqual(['rerail_store_bytes 7']);
    expect(await linesOf(metrics, 'rerail_store_quota_bytes')).toEqual(['rerail_store_quota_bytes 100']);
    vi.useFakeTimers({ now: Date.now() + 20_000, toFake: ['Date'] });
    store.mockRejectedValue(new Error('no store'));
    expect(await linesOf(metrics, 'rerail_store_bytes')).toEqual([]);
    expect(onError).toHaveBeenCalledTimes(1);
  });

  it('shows at most 200 breakers', async () => {
    const found = Array.from({ length: 300 }, (_, index) => ({ name: `b${index}`, state: 'OPEN' }));
    const metrics = newMetrics({ sources: { breakers: () => Promise.resolve(found) } });
    expect(await linesOf(metrics, 'rerail_breaker_state')).toHaveLength(200);
  });
});

describe('names', () => {
  it('all begin with rerail_, have a help text and base units', async () => {
    const metrics = newMetrics({
      sources: {
        waiting: () => Promise.resolve([]),
        breakers: () => Promise.resolve([]),
        store: () => Promise.resolve({ bytes: 1, checkpoints: 1 }),
      },
    });
    const all = await metrics.registry.getMetricsAsJSON();
    expect(all.length).toBeGreaterThan(12);
    for (const { name, help } of all) {
      expect(name).toMatch(/^rerail_[a-z_]+$/);
      expect(name).not.toMatch(/_(ms|millis|milliseconds|kb|mb)$/);
      expect(help.length).toBeGreaterThan(10);
    }
  });
});

describe('the small server', () => {
  let server: Listening | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  it('answers /metrics and /healthz only', async () => {
    let ok = true;
    const metrics = newMetrics();
    server = await serveMetrics({
      host: '127.0.0.1',
      port: 0,
      render: () => metrics.render(),
      healthy: () => ok,
    });
    const at = (path: string, method = 'GET') => fetch(`${server?.url}${path}`, { method });
    const scraped = await at('/metrics');
    expect(scraped.headers.get('content-type')).toContain('text/plain');
    expect(await scraped.text()).toContain('rerail_build_info{version="1.2.3",host="h"} 1');
    expect((await at('/healthz')).status).toBe(200);
    ok = false;
    expect((await at('/healthz')).status).toBe(503);
    expect((await at('/')).status).toBe(404);
    expect((await at('/metrics', 'POST')).status).toBe(405);
  });
});

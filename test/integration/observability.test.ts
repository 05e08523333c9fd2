import { execFile, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createToken } from '../../src/api/auth/token-file.ts';
import { findFreePort } from '../../src/embedded/ports.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { until } from '../support/harness.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import { startPrometheus } from '../support/prometheus.ts';

const run = promisify(execFile);
const at = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const DASHBOARD = at('deploy/grafana-dashboard.json');
const ALERTS = at('deploy/prometheus-alerts.yml');

/** What a worker measures when it has something to measure; all else begins with the first event of its kind. */
const METRIC = /\b(?:rerail|temporal)_[a-z_]+/g;
const SECRET = 'hunter2-is-no-password';

const cli = useCli();
let collector: Awaited<ReturnType<typeof startOtlpReceiver>>;
let worker: ChildProcess;
let log = '';
let ports: { own: number; sdk: number };

beforeAll(async () => {
  collector = await startOtlpReceiver();
  const own = await findFreePort(0);
  const sdk = await findFreePort(0, [own]);
  ports = { own, sdk };
  worker = await cli.startWorker(
    {
      RERAIL_METRICS_PORT: String(own),
      RERAIL_SDK_METRICS_PORT: String(sdk),
      RERAIL_LOG_LEVEL: 'debug',
      RERAIL_LOG_FORMAT: 'json',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      HIDDEN: SECRET,
    },
    'pipe',
  );
  worker.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const target = `cli/watched-${cli.unique}`;
  const failing = ['recover', '--target', target, '--message', 'MARK-message', '--playbook', 'again', '--wait'];
  const words = [process.execPath, '-e', `console.error("password=${SECRET}"); process.exit(1)`];
  const ended = await cli.rerail([...failing, '--', ...words], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
  expect(ended.stderr + ended.stdout).toContain('escalated');
  await cli.json([
    'checkpoint',
    'create',
    '--root',
    path.join(cli.root, 'playbooks'),
    '--subject',
    target,
    '--name',
    'x',
  ]);
  await cli.json(['breaker', 'open', `db-${cli.unique}`, '--by', 'ada', '--reason', 'a test']);
});
afterAll(async () => {
  await stopChild(worker);
  await collector.close();
});

const scrape = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

describe('a trace', () => {
  it('spans the command, the workflow and its activities, with ids and without texts', async () => {
    const find = (name: string) => collector.spans.find((span) => span.name === name);
    const activity = await until(
      async () => Promise.resolve(find('RunActivity:runCommand')),
      'the span of the activity',
    );
    const workflow = await until(async () => Promise.resolve(find('RunWorkflow:recovery')), 'the span of the workflow');
    const start = find('StartWorkflow:recovery');
    const root = find('rerail');
    const { traceId } = activity;
    const ofTrace = collector.spans.filter((span) => span.traceId === traceId);
    expect([root, start, workflow].map((span) => span?.traceId)).toEqual([traceId, traceId, traceId]);
    expect(start?.parentSpanId).toBe(root?.spanId);
    expect(workflow.parentSpanId).toBe(start?.spanId);
    const scheduled = find('StartActivity:runCommand');
    expect(scheduled?.parentSpanId).toBe(workflow.spanId);
    expect(ofTrace.some(({ spanId }) => spanId === activity.parentSpanId)).toBe(true);
    expect([start?.service, workflow.service]).toEqual(['rerail-cli', 'rerail-worker']);
    expect(activity.attributes).toMatchObject({ temporalWorkflowId: `recovery/cli/watched-${cli.unique}` });
    expect(workflow.attributes).toMatchObject({
      workflowType: 'recovery',
      workflowId: activity.attributes['temporalWorkflowId'],
    });
    for (const body of collector.bodies) {
      expect(body).not.toContain('MARK-message');
      expect(body).not.toContain(SECRET);
      expect(body).not.toContain('memo');
    }
  });
});

describe('the log', () => {
  it('is JSON with ids, also of workflows and activities, and masks secrets', () => {
    const lines = log
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const id = `recovery/cli/watched-${cli.unique}`;
    expect(lines.length).toBeGreaterThan(3);
    const ofWorkflow = lines.find((line) => line['workflowId'] === id && line['activityType'] === undefined);
    const ofActivity = lines.find((line) => line['activityType'] === 'runCommand');
    expect(ofWorkflow).toMatchObject({ workflowId: id, runId: expect.any(String) as string });
    expect(ofActivity).toMatchObject({ workflowId: id, attempt: 1, runId: ofWorkflow?.['runId'] });
    expect(ofActivity?.['target']).toBe(`cli/watched-${cli.unique}`);
    const failed = lines.find((line) => line['activityType'] === 'runCommand' && line['err'] !== undefined);
    expect(JSON.stringify(failed)).toContain('[redacted]');
    expect(log).not.toContain(SECRET);
    expect(log).not.toContain('taskToken');
  });
});

describe('metrics', () => {
  it('are served with the health of the worker', async () => {
    const health = await fetch(`http://127.0.0.1:${ports.own}/healthz`);
    expect([health.status, await health.json()]).toEqual([200, { ok: true }]);
    const text = await scrape(ports.own);
    expect(text).toMatch(/rerail_recoveries_closed_total\{status="escalated",[^}]*playbook="again"[^}]*\} 1\n/);
    expect(text).toMatch(/rerail_command_duration_seconds_count\{outcome="failed"\} \d/);
    expect(text).toContain('rerail_checkpoints_created_total{outcome="succeeded"} 1');
    expect(text).toMatch(/rerail_store_bytes \d+/);
    expect(text).not.toContain('watched');
    expect(await scrape(ports.sdk)).toContain('temporal_num_pollers');
  });

  it('and the files under deploy agree with a real Prometheus', async () => {
    await run('promtool', ['check', 'rules', ALERTS]);
    await run('promtool', ['check', 'config', at('deploy/prometheus.yml')]);
    await run('promtool', ['test', 'rules', at('test/integration/prometheus/alerts.test.yml')]);

    const { token, entry } = createToken({ name: 'prometheus', roles: ['viewer'] });
    const tokens = await cli.file('tokens.json', JSON.stringify([entry]));
    const api = await cli.startServe({ RERAIL_API_TOKENS_FILE: tokens });
    const folder = path.join(cli.root, 'prometheus');
    const config = (await readFile(at('deploy/prometheus.yml'), 'utf8'))
      .replace('127.0.0.1:9464', `127.0.0.1:${ports.own}`)
      .replace('127.0.0.1:9465', `127.0.0.1:${ports.sdk}`)
      .replace('127.0.0.1:7070', new URL(api.address).host)
      .replace('job_name: rerail-api', `job_name: rerail-api\n    authorization: { credentials: ${token} }`)
      .replace('prometheus-alerts.yml', ALERTS)
      .replaceAll('15s', '1s');
    const { query, stop } = await startPrometheus({ folder, config, taken: [ports.own, ports.sdk] });
    try {
      // Two places are read, each in its own time.
      for (const name of [
        'rerail_store_bytes',
        'rerail_recoveries_closed_total',
        'rerail_breaker_state',
        'histogram_quantile(0.9, sum by (le, action) (rerail_action_duration_seconds_bucket))',
        'temporal_num_pollers',
        'rerail_http_request_duration_seconds_count{job="rerail-api",route="/metrics",status="200"}',
      ])
        await until(async () => (await query(name).catch(() => [])).length > 0, `a sample of ${name}`);
      const { panels } = JSON.parse(await readFile(DASHBOARD, 'utf8')) as {
        panels: { targets?: { expr: string }[] }[];
      };
      const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
      const alerts = await readFile(ALERTS, 'utf8');
      const named = new Set([...shown.join('\n'), '\n', ...alerts].join('').match(METRIC));
      expect(named.size).toBeGreaterThan(10);
      const served = `${await scrape(ports.own)}${await scrape(ports.sdk)}`;
      for (const name of named) {
        const declared = served.includes(`# TYPE ${name.replace(/_(bucket|count)$/, '')} `);
        expect(declared, `${name} is served`).toBe(true);
      }
      // Valid for Prometheus, and about something: a name without samples yet has none in any case.
      for (const expr of shown) await query(expr.replaceAll('[1h]', '[1m]'));
    } finally {
      await stop();
      await stopChild(api.child);
    }
  });
});

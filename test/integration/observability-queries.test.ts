// On a server of its own: what waits is counted for all who use one.
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import type { RecoveryReport } from '../../src/domain/report.ts';
import { findFreePort } from '../../src/embedded/ports.ts';
import { startServer, type RunningServer } from '../../src/embedded/start-server.ts';
import { stopChild } from '../support/cli.ts';
import { waitsFor } from '../support/broken-target.ts';
import { forkWorker } from '../support/fork-worker.ts';
import { ESCALATE, head, PLAIN_RETRY } from '../support/playbook-text.ts';
import { startPrometheus } from '../support/prometheus.ts';
import { until } from '../support/until.ts';

const deployed = (file: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../../deploy/${file}`, import.meta.url)), 'utf8');
const HOST = 'queries';
const PLAYBOOKS = [
  head('mends') + PLAIN_RETRY,
  head('asks', 'approval: {timeout: 1h}') + PLAIN_RETRY,
  head('gives-up') + ESCALATE,
].join('---\n');

let folder: string;
let server: RunningServer;
let connection: Connection;
let recoveries: RecoveryClient;
let worker: ChildProcess;
let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
let panels: { title: string; targets?: { expr: string; legendFormat?: string }[] }[];
let recovered: RecoveryReport;
let waitsSince: number;

const start = async (name: string, playbook: string) => {
  const operation = { kind: 'command' as const, argv: ['true'], workspace: folder, host: HOST };
  const { handle } = await recoveries.start(
    { target: `queries/${name}`, message: `${name} is broken`, type: 'network', operation },
    { playbook },
  );
  return handle;
};

/** The query of a panel as it stands in the dashboard. */
function shownBy(title: string, legend?: string): string {
  const targets = panels.find((panel) => panel.title === title)?.targets ?? [];
  const found = targets.find(({ legendFormat }) => legend === undefined || legendFormat === legend);
  if (!found) throw new Error(`the dashboard has no ${title} ${legend ?? ''}`);
  return found.expr;
}

/** What a query gives as soon as that is a number, by one label of it. */
const valuesOf = async (expr: string, label = ''): Promise<Record<string, number>> => {
  const samples = await until(async () => {
    const found = (await prometheus.query(expr)).filter(({ value }) => Number.isFinite(value));
    return found.some(({ value }) => value > 0) && found;
  }, expr);
  return Object.fromEntries(samples.map(({ metric, value }) => [metric[label] ?? '', value]));
};

/** The bounds of the bucket that so many seconds are counted in: no quantile of one observation is outside. */
async function bucketOf(metric: string, seconds: number): Promise<[number, number]> {
  const bounds = (await prometheus.query(`${metric}_bucket`)).map(({ metric: { le } }) =>
    Number(le === '+Inf' ? Infinity : le),
  );
  const sorted = [0, ...new Set(bounds)].sort((a, b) => a - b);
  const upper = sorted.findIndex((bound) => bound >= seconds && bound > 0);
  return [sorted[upper - 1] ?? 0, sorted[upper] ?? Infinity];
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-queries-'));
  const playbooks = path.join(folder, 'playbooks');
  await mkdir(playbooks);
  await writeFile(path.join(playbooks, 'all.yaml'), PLAYBOOKS);
  const binary = inject('serverBinary');
  server = await startServer({ dataDir: folder, binary, port: 0, uiPort: 'none', lifetime: 'with-parent' });
  connection = await Connection.connect({ address: server.address });
  recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: HOST });
  const own = await findFreePort(0);
  const sdk = await findFreePort(0, [own]);
  worker = await forkWorker(folder, {
    RERAIL_ADDRESS: server.address,
    RERAIL_HOST: HOST,
    RERAIL_TASK_QUEUE: HOST,
    RERAIL_DATA_DIR: path.join(folder, 'data'),
    RERAIL_PLAYBOOKS_DIR: playbooks,
    RERAIL_METRICS_PORT: String(own),
    RERAIL_SDK_METRICS_PORT: String(sdk),
  });
  // As they are, but for the time that something has to last.
  const rules = (await deployed('prometheus-alerts.yml')).replaceAll(/for: \d+m/g, 'for: 0s').replace('> 900', '> 0');
  await writeFile(path.join(folder, 'rules.yml'), rules);
  const config = (await deployed('prometheus.yml'))
    .replace('127.0.0.1:9464', `127.0.0.1:${own}`)
    .replace('127.0.0.1:9465', `127.0.0.1:${sdk}`)
    .replace('prometheus-alerts.yml', path.join(folder, 'rules.yml'))
    .replaceAll('15s', '1s');
  prometheus = await startPrometheus({ folder: path.join(folder, 'prometheus'), config, taken: [own, sdk] });
  ({ panels } = JSON.parse(await deployed('grafana-dashboard.json')) as { panels: typeof panels });
  await until(
    async () => (await prometheus.query('up{job="rerail-worker"} == 1').catch(() => [])).length > 0,
    'a scrape',
  );

  // All of it for the first time, and while somebody looks.
  recovered = await (await start('mended', 'mends')).result();
  const waiting = await start('asked', 'asks');
  await waitsFor(waiting, 'approval');
  waitsSince = Date.parse((await waiting.status()).waitingFor?.since ?? '');
  await (await start('given-up', 'gives-up')).result();
}, 120_000);
afterAll(async () => {
  await prometheus.stop();
  await stopChild(worker);
  await connection.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the queries of the dashboard', () => {
  it('count what has closed, also the first of its kind', async () => {
    const both = async (panel: string, label: string) =>
      until(async () => {
        const found = await valuesOf(shownBy(panel), label);
        return Object.keys(found).length === 2 && found;
      }, panel);
    expect(await both('Closed, by status', 'status')).toEqual({ recovered: 1, escalated: 1 });
    expect(await both('Closed, by playbook', 'playbook')).toEqual({ mends: 1, 'gives-up': 1 });
  });

  it('tell how long a recovery took, also the first of its kind', async () => {
    expect(recovered.status).toBe('recovered');
    const [least, most] = await bucketOf('rerail_recovery_ttr_seconds', (recovered.durations.ttrMs ?? NaN) / 1000);
    for (const legend of ['p50', 'p90']) {
      const { '': seconds = NaN } = await valuesOf(shownBy('TTR', legend));
      expect(seconds).toBeGreaterThan(least);
      expect(seconds).toBeLessThanOrEqual(most);
    }
    const ttr = (await prometheus.query('sum by (failure_type) (rerail_recovery_ttr_seconds_count) > 0')).map(
      ({ metric, value }) => [metric['failure_type'], value],
    );
    expect(ttr).toEqual([['network', 1]]);
  });

  it('tell what waits now, and for how long', async () => {
    const now = await valuesOf(shownBy('Waiting now'), 'waiting_for');
    expect(now).toEqual({ approval: 1 });
    expect(await valuesOf(shownBy('Waiting for people'))).toEqual({ '': 1 });
    const { '': longest = NaN } = await valuesOf(shownBy('Longest wait'));
    expect(longest).toBeGreaterThan(0);
    expect(longest).toBeLessThanOrEqual((Date.now() - waitsSince) / 1000);
  });

  it('tell how long actions and commands took, and how often they were tried', async () => {
    const retried = recovered.actions.find(({ type }) => type === 'retry');
    const [least, most] = await bucketOf('rerail_action_duration_seconds', (retried?.durationMs ?? NaN) / 1000);
    const took = await until(async () => {
      const found = await valuesOf(shownBy('Duration of actions, p90'), 'action');
      return 'escalate' in found && 'retry' in found && found;
    }, 'both actions');
    // What was never tried has no line.
    expect(Object.keys(took).sort()).toEqual(['escalate', 'retry']);
    expect(took['retry']).toBeGreaterThan(least);
    expect(took['retry']).toBeLessThanOrEqual(most);
    expect(Object.keys(await valuesOf(shownBy('Duration of commands, p90'), 'outcome'))).toEqual(['succeeded']);
    const tries = await prometheus.query(shownBy('Tries of actions'));
    expect(tries.map(({ metric: { action, outcome } }) => `${action} ${outcome}`).sort()).toEqual([
      'escalate succeeded',
      'retry succeeded',
    ]);
  });
});

describe('the alerts', () => {
  it('are raised for what waits and for what was handed to people, and for nothing else', async () => {
    const wanted = ['RerailEscalated', 'RerailRecoveryWaitsForPerson'];
    const namesOf = (alerts: typeof raised) => alerts.map(({ labels }) => labels['alertname'] ?? '').sort();
    let raised: Awaited<ReturnType<typeof prometheus.alerts>> = [];
    await until(async () => {
      raised = (await prometheus.alerts()).filter(({ state }) => state === 'firing');
      return namesOf(raised).join() === wanted.join();
    }, 'both alerts and no other');
    const of = (name: string) => raised.filter(({ labels }) => labels['alertname'] === name);
    expect(of('RerailRecoveryWaitsForPerson')).toMatchObject([
      {
        labels: { waiting_for: 'approval', severity: 'warning' },
        annotations: { summary: expect.stringMatching(/^A recovery has waited for approval for \d/) as string },
      },
    ]);
    expect(of('RerailEscalated')).toMatchObject([
      {
        labels: { playbook: 'gives-up', failure_type: 'network', severity: 'critical' },
        annotations: { summary: 'A recovery by gives-up was handed to people' },
      },
    ]);
  });
});

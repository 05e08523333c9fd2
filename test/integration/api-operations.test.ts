import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/api/contract/route.ts';
import { PeriodReportSchema } from '../../src/domain/period-report.schema.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { startSuite } from '../replay/drill-paths.ts';
import { failureOf } from '../support/broken-target.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { ESCALATE, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const harness = sharedHarness(head('plain') + PLAIN_RETRY + ESCALATE);
const reason = 'a test';
let api: TestApi;

beforeAll(async () => {
  api = await createTestApi(harness.recoveries, { host: harness.host });
});
afterAll(() => api.close());

type Answer = Record<string, unknown>;

async function call(who: Role, method: 'GET' | 'POST', url: string, body?: object) {
  const headers = api.bearer(who);
  const answer = await api.app.inject({ method, url: `/api/v1${url}`, headers, ...(body ? { payload: body } : {}) });
  return { status: answer.statusCode, body: answer.json<Answer>() };
}

const itemsOf = async (url: string): Promise<Answer[]> => {
  const answer = await call('viewer', 'GET', url);
  expect(answer.status).toBe(200);
  return answer.body['items'] as Answer[];
};

describe('monitors over HTTP', () => {
  const nameOf = (): string => harness.target.replace('/', '-');
  const definition = () => ({
    ...{ apiVersion: 'rerail/v1', kind: 'Monitor', metadata: { name: nameOf() } },
    spec: { target: harness.target, checks: [{ name: 'there', probe: { file: { path: '/' } }, periodSeconds: 0.2 }] },
  });

  it('are started, listed, looked at, kept from recoveries, reset and stopped', async () => {
    const name = nameOf();
    const body = { reason, definition: definition() };
    expect(await call('operator', 'POST', '/monitors', body)).toMatchObject({ status: 403 });
    const started = await call('admin', 'POST', '/monitors', body);
    expect(started).toMatchObject({ status: 200, body: { name, host: { name: harness.host } } });
    const shown = () => call('viewer', 'GET', `/monitors/${name}`);
    await until(async () => (await shown()).body['state'] === 'healthy', 'a look');
    const listed = await until(
      async () => (await itemsOf('/monitors')).find((item) => item['name'] === name && item['state'] === 'healthy'),
      'it in the list',
    );
    expect(listed).toMatchObject({ host: harness.host, targets: 1, unhealthy: 0 });
    const post = (what: string, more: object = {}, who: Role = 'operator') =>
      call(who, 'POST', `/monitors/${name}/${what}`, { reason, ...more });
    expect(await post('check', {}, 'viewer')).toMatchObject({ status: 403 });
    expect(await post('check', { target: harness.target })).toMatchObject({ status: 200, body: { state: 'healthy' } });
    expect(await post('maintenance', { mode: 'on' })).toMatchObject({ status: 400 });
    const until1h = new Date(Date.now() + 3_600_000).toISOString();
    expect(await post('maintenance', { mode: 'on', until: until1h })).toMatchObject({
      status: 200,
      body: { targets: [{ maintenance: { by: 'the-operator', reason, until: until1h } }] },
    });
    expect(await post('reset', { target: 'not/there' })).toMatchObject({ status: 400 });
    expect(await post('reset', { target: harness.target })).toMatchObject({ status: 200 });
    expect(await post('stop')).toMatchObject({ status: 200 });
    await until(async () => (await shown()).status === 404, 'its end');
    expect((await shown()).body).toMatchObject({ code: 'monitor-not-found' });
  });
});

describe('drills over HTTP', () => {
  it('are started by an admin, listed, reported and cancelled', async () => {
    const body = { reason, name: 'test-failure-standard', host: harness.host };
    expect(await call('operator', 'POST', '/drills', body)).toMatchObject({ status: 403 });
    expect(await call('admin', 'POST', '/drills', { reason })).toMatchObject({ status: 400 });
    expect(await call('admin', 'POST', '/drills', { reason, name: 'no-such-drill' })).toMatchObject({ status: 404 });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    harness.fakes['prepareSandbox'] = async () => {
      await held;
      return { path: '/sandbox' };
    };
    const started = await call('admin', 'POST', '/drills', body);
    expect(started.status).toBe(202);
    const workflowId = started.body['workflowId'] as string;
    const path = `/drills/${encodeURIComponent(workflowId)}`;
    expect(await call('viewer', 'GET', path)).toMatchObject({ status: 200, body: { report: null } });
    await until(
      async () =>
        (await itemsOf('/drills?name=test-failure-standard')).some((item) => item['workflowId'] === workflowId),
      'it in the list',
    );
    expect(await call('viewer', 'POST', `${path}/cancel`, { reason })).toMatchObject({ status: 403 });
    expect(await call('operator', 'POST', `${path}/cancel`, { reason })).toMatchObject({
      status: 202,
      body: { workflowId },
    });
    release();
    const ended = await until(
      async () => ((await call('viewer', 'GET', path)).body['report'] as Answer | null) ?? false,
      'its end',
    );
    expect(ended).toMatchObject({ name: 'test-failure-standard' });
    expect(await call('viewer', 'GET', '/drills/never%2F2026-01-01t12-00-00-000')).toMatchObject({ status: 404 });
  });
});

describe('suites of drills over HTTP', () => {
  it('are listed and reported', async () => {
    const suite = await startSuite(harness, { names: ['no-such-drill'] });
    await suite.result();
    const path = `/drill-suites?host=${harness.host}`;
    const row = await until(
      async () => (await itemsOf(path)).find((item) => item['workflowId'] === suite.workflowId && item['closedAt']),
      'it in the list',
    );
    expect(row).toMatchObject({ verdict: 'failed', passed: 0, notRun: 1 });
    const own = encodeURIComponent(suite.workflowId);
    expect(await call('viewer', 'GET', `/drill-suites/${own}`)).toMatchObject({
      status: 200,
      body: { open: false, report: { notRun: [{ name: 'no-such-drill' }] } },
    });
    expect(await call('viewer', 'GET', '/drill-suites/never')).toMatchObject({ status: 404 });
  });
});

describe('hosts over HTTP', () => {
  it('are listed with what they can do, drained, given work again, and forgotten', async () => {
    const gone = `gone-${harness.target.split('/')[1] ?? ''}`;
    const worker = { version: '1.2.3', node: '20', git: '2.39', tmux: null, providers: ['pg'], replica: true };
    await harness.recoveries.hosts.register(gone, { ...worker, startedAt: new Date().toISOString() });
    const listed = await until(async () => {
      const found = (await itemsOf('/hosts')).find((item) => item['name'] === gone);
      return found?.['worker'] ? found : false;
    }, 'it in the list');
    expect(listed).toMatchObject({ state: 'away', care: 'none', drained: null, failedOver: null, worker });
    expect(await call('viewer', 'GET', `/hosts/${gone}`)).toMatchObject({
      status: 200,
      body: { subjects: [], worker },
    });
    expect(await call('viewer', 'GET', '/hosts/never-here')).toMatchObject({
      status: 404,
      body: { code: 'host-not-found' },
    });
    const post = (what: string, who: Role, body: object = { reason }) =>
      call(who, 'POST', `/hosts/${gone}/${what}`, body);
    expect(await post('drain', 'viewer')).toMatchObject({ status: 403 });
    expect(await post('drain', 'operator', {})).toMatchObject({ status: 400 });
    expect(await post('drain', 'operator')).toMatchObject({
      status: 200,
      body: { name: gone, drained: { by: 'the-operator', reason } },
    });
    const failure = { target: harness.target, message: 'it broke', host: gone };
    expect(await call('admin', 'POST', '/recoveries', { failure })).toMatchObject({
      status: 409,
      body: { code: 'host-drained' },
    });
    expect(await post('undrain', 'operator')).toMatchObject({ status: 200, body: { drained: null } });
    expect(await post('forget', 'operator')).toMatchObject({ status: 403 });
    expect(await post('forget', 'admin')).toMatchObject({ status: 200 });
    await until(async () => (await call('viewer', 'GET', `/hosts/${gone}`)).status === 404, 'its end');
  });
});

describe('reports over HTTP', () => {
  const ofPeriod = (query: string) => call('viewer', 'GET', `/reports/period?${query}`);

  it('tell of a period what its recoveries have shown', async () => {
    const from = new Date().toISOString();
    const { handle } = await harness.recoveries.start(failureOf(harness), { playbook: 'plain' });
    await handle.result();
    const report = await until(async () => {
      const { status, body } = await ofPeriod(`from=${from}`);
      expect(status).toBe(200);
      const found = PeriodReportSchema.parse(body);
      return found.trend.some(({ points }) => points.some((one) => one.workflowId === handle.workflowId)) && found;
    }, 'it in Visibility');
    expect(report.byPlaybook.find(({ playbook }) => playbook === 'plain')?.time.n).toBeGreaterThan(0);
    expect(report.actions.map(({ type }) => type)).toContain('retry');
    expect(report.errors.byFingerprint.map(({ lastTarget }) => lastTarget)).toContain(harness.target);
    // Nothing is left of the period when it ends where this one began.
    const before = await ofPeriod(`from=2020-01-01&to=2020-01-02`);
    expect(before.body).toMatchObject({ read: { recoveries: 0, drills: 0 }, objectives: [], outcomes: { counted: 0 } });
  });

  it('need a period that has a length', async () => {
    expect(await ofPeriod('from=yesterday')).toMatchObject({ status: 400, body: { errors: [{ field: 'from' }] } });
    const turned = await ofPeriod('from=2026-02-01&to=2026-01-01');
    expect(turned).toMatchObject({ status: 400, body: { code: 'invalid-input' } });
    expect((await api.app.inject({ url: '/api/v1/reports/period' })).statusCode).toBe(401);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAutomation } from '../../src/client/automation.ts';
import type { Role } from '../../src/api/contract/route.ts';
import { askApi, auditOf, createTestApi, type Asked, type TestApi } from '../support/api.ts';
import { failureOf, waitsFor } from '../support/broken-target.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { FIX, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const PLAYBOOKS = [
  head('asks', 'approval: {timeout: 1h}') + PLAIN_RETRY,
  head('category-transient') + FIX,
  head('plain') + PLAIN_RETRY,
];
const harness = sharedHarness(PLAYBOOKS.join('---\n'));
const reason = 'a test';
let api: TestApi;
let unique = '';
beforeAll(async () => {
  unique = harness.host;
  const { breakers, listRecoveries, getHandle } = harness.recoveries;
  // A switch of its own, over its own recoveries: the others of this server go on.
  const automation = createAutomation({
    breakers,
    getHandle,
    listRecoveries: (options) => listRecoveries({ ...options, target: harness.target }),
    name: `automation-${unique}`,
  });
  api = await createTestApi({ ...harness.recoveries, automation }, { host: harness.host });
});
afterAll(() => api.close());

const ask = (who: Role, path: string, more?: Asked) =>
  askApi(api, who, path.startsWith('/api') ? path : `/api/v1${path}`, more);
const post = (who: Role, path: string, body: object = { reason }) => ask(who, path, { body });
const pathOf = (id = harness.target) => `/recoveries/${encodeURIComponent(id)}`;
const startOf = (body: object, headers: object = {}) =>
  ask('admin', '/recoveries', { body: { failure: failureOf(harness), ...body }, headers });

describe('a recovery over HTTP', () => {
  it('is denied, with the reason in its report and in the audit', async () => {
    await harness.recoveries.start(failureOf(harness), { playbook: 'asks' });
    const handle = harness.recoveries.getHandle(harness.target);
    await waitsFor(handle, 'approval');
    const planHash = (await handle.plan())?.hash ?? '';
    expect(await post('operator', `${pathOf()}/deny`, { planHash, reason })).toMatchObject({ status: 403 });
    expect(await post('approver', `${pathOf()}/deny`, { planHash })).toMatchObject({ status: 400 });
    expect(await post('approver', `${pathOf()}/deny`, { planHash, reason })).toMatchObject({ status: 200 });
    const report = await handle.result();
    expect(report.actions.map(({ status }) => status)).not.toContain('succeeded');
    expect(JSON.stringify(report.approvals)).toContain('the-approver');
    expect((await auditOf(api, '/api/v1/recoveries/{id}/deny')).slice(-2)).toMatchObject([
      { kind: 'intent', actor: 'the-approver', reason },
      { kind: 'outcome', actor: 'the-approver', status: 200 },
    ]);
  });

  it('can be followed by the links that its start was answered with', async () => {
    const { status, body } = await startOf({ playbook: 'category-transient' });
    expect(status).toBe(202);
    await waitsFor(harness.recoveries.getHandle(harness.target), 'manual:fix');
    const { self, events, ...links } = body['links'] as Record<string, string>;
    expect(await ask('viewer', self ?? '')).toMatchObject({
      status: 200,
      body: { target: harness.target, open: true },
    });
    expect(await ask('viewer', links['report'] ?? '')).toMatchObject({ status: 409 });
    expect(await ask('viewer', links['receipt'] ?? '')).toMatchObject({ status: 409 });
    const verbs = Object.keys(links).filter((verb) => !['report', 'receipt'].includes(verb));
    expect(verbs.sort()).toEqual(['approve', 'cancel', 'decide', 'deny', 'kill', 'pause', 'resume']);
    for (const verb of verbs) expect(await post('viewer', links[verb] ?? '', {}), verb).toMatchObject({ status: 403 });
    expect(await post('operator', links['pause'] ?? '')).toMatchObject({ status: 200 });
    expect(await post('operator', links['resume'] ?? '')).toMatchObject({ status: 200 });
    expect(await post('operator', links['cancel'] ?? '')).toMatchObject({ status: 202 });
    await harness.recoveries.getHandle(harness.target).result();
    const stream = await ask('viewer', events ?? '');
    expect(stream.text).toContain('event: closed');
    expect((await ask('viewer', links['report'] ?? '')).body).toMatchObject({ status: 'cancelled' });
  });

  it('is refused for a key that was given before for another target', async () => {
    const headers = { 'idempotency-key': `key-${harness.target}` };
    expect(await startOf({ playbook: 'category-transient' }, headers)).toMatchObject({ status: 202 });
    const other = `${harness.target}-other`;
    const failure = { ...failureOf(harness), target: other };
    expect(await startOf({ playbook: 'category-transient', failure }, headers)).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    expect(await ask('viewer', pathOf(other))).toMatchObject({ status: 404 });
    await harness.recoveries.getHandle(harness.target).cancel();
  });

  it('is previewed with the plan that it would have, and nothing is started', async () => {
    const failure = { target: harness.target, message: 'connect ECONNREFUSED 127.0.0.1:5432' };
    const found = await post('viewer', '/plans:preview', { failure });
    expect(found).toMatchObject({
      status: 200,
      body: {
        plan: { target: harness.target, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        classification: { type: 'network' },
      },
    });
    const considered = found.body['considered'] as { playbook: string; chosen: boolean }[];
    const { name } = (found.body['plan'] as { playbook: { name: string } }).playbook;
    expect(considered.filter(({ chosen }) => chosen).map(({ playbook }) => playbook)).toEqual([name]);
    expect(await post('viewer', '/plans:preview', { failure, playbook: 'no-such' })).toMatchObject({ status: 422 });
    expect(await ask('viewer', pathOf())).toMatchObject({ status: 404 });
  });
});

describe('automation over HTTP', () => {
  it('is switched off, which pauses what is open, and on again, which lets that go on', async () => {
    const put = (who: Role, automation: 'on' | 'off') =>
      ask(who, '/automation', { method: 'PUT', body: { automation, reason } });
    const open = async () => {
      await harness.recoveries.start(failureOf(harness), { playbook: 'category-transient' });
      const handle = harness.recoveries.getHandle(harness.target);
      await waitsFor(handle, 'manual:fix');
      await until(
        async () => (await harness.recoveries.listRecoveries({ target: harness.target })).length === 1,
        'it in the list',
      );
      return handle;
    };
    const handle = await open();
    expect((await ask('viewer', '/automation')).body).toEqual({ automation: 'on' });
    expect(await put('operator', 'off')).toMatchObject({ status: 403 });
    expect(await put('admin', 'off')).toMatchObject({
      status: 200,
      body: { automation: 'off', by: 'the-admin', reason, changed: [handle.workflowId], refused: [] },
    });
    expect((await ask('viewer', '/automation')).body).toMatchObject({ automation: 'off', by: 'the-admin', reason });
    expect((await ask('viewer', '/api/recovery/status')).body).toMatchObject({ automation: 'off' });
    expect((await handle.status()).pausedBy).toMatchObject({ by: 'the-admin' });
    expect(await put('admin', 'on')).toMatchObject({ body: { automation: 'on', changed: [handle.workflowId] } });
    expect((await handle.status()).pausedBy).toBeUndefined();
    await handle.cancel();
    const lines = await auditOf(api, '/api/v1/automation');
    expect(lines.map(({ kind, target }) => [kind, target])).toEqual([
      ['refused', undefined],
      ...['off', 'off', 'on', 'on'].map((target, index) => [index % 2 ? 'outcome' : 'intent', target]),
    ]);
  });
});

describe('services over HTTP', () => {
  it('are degraded and restored, with who and why', async () => {
    const name = `web-${harness.target.split('/')[1] ?? ''}`;
    const at = `/services/${name}`;
    expect(await ask('viewer', at)).toMatchObject({ status: 404, body: { code: 'service-state-not-found' } });
    expect(await post('viewer', `${at}/degrade`)).toMatchObject({ status: 403 });
    const by = { by: 'the-operator', reason };
    expect(await post('operator', `${at}/degrade`)).toMatchObject({ status: 200, body: { name, degraded: true } });
    expect((await ask('viewer', at)).body).toMatchObject({ degraded: true });
    await until(async () => {
      const { items } = (await ask('viewer', '/services')).body as { items: { name: string }[] };
      return items.some((item) => item.name === name);
    }, 'it in the list');
    const restored = await post('operator', `${at}/restore`);
    expect(restored).toMatchObject({ status: 200, body: { name, degraded: false } });
    expect(restored.body['changes']).toEqual(expect.arrayContaining([expect.objectContaining(by)]));
    await harness.client.workflow.getHandle(`service-state/${name}`).terminate('end of the test');
  });
});

describe('runs and transactions over HTTP', () => {
  const spec = () => ({
    target: harness.target,
    phases: [{ name: 'build', steps: [{ name: 'compile', run: ['make'] }] }],
  });
  const pipeline = () => ({ apiVersion: 'rerail/v1', kind: 'Pipeline', metadata: { name: 'release' }, spec: spec() });

  it('starts a run, tells where it stands, cancels it, and tells how another ended', async () => {
    const place = { pipeline: pipeline(), workspace: '/w', host: harness.host };
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    harness.fakes['runCommand'] = async () => {
      await held;
      return { exitCode: 0, durationMs: 1 };
    };
    const body = { ...place, key: `${unique}-a` };
    expect(await post('operator', '/runs', body)).toMatchObject({ status: 403 });
    const started = await post('admin', '/runs', body);
    expect(started.status).toBe(202);
    const { self = '' } = started.body['links'] as Record<string, string>;
    expect(await ask('viewer', self)).toMatchObject({
      status: 200,
      body: { report: null, snapshot: expect.any(Object) as object },
    });
    expect(await post('viewer', `${self}/cancel`)).toMatchObject({ status: 403 });
    expect(await post('operator', `${self}/cancel`)).toMatchObject({ status: 202 });
    release();
    const ended = await until(async () => (await ask('viewer', self)).body['report'] ?? false, 'its end');
    expect(ended).toMatchObject({ status: 'cancelled' });
    const other = await post('admin', '/runs', { ...place, key: `${unique}-b` });
    const next = (other.body['links'] as Record<string, string>)['self'] ?? '';
    const done = await until(async () => (await ask('viewer', next)).body['report'] ?? false, 'its end');
    expect(done).toMatchObject({ status: 'succeeded' });
    const id = other.body['workflowId'];
    await until(async () => {
      const { items } = (await ask('viewer', '/runs')).body as { items: { workflowId: string }[] };
      return items.some(({ workflowId }) => workflowId === id);
    }, 'it in the list');
    expect(await ask('viewer', '/runs/run%2Fnever%2F1')).toMatchObject({ status: 404 });
  });

  it('starts a transaction once for a key', async () => {
    const transaction = { name: 'order', operations: [{ id: 'a', operation: { kind: 'activity', name: 'noop' } }] };
    const body = { transaction, key: `order-${unique}`, host: harness.host };
    expect(await post('operator', '/transactions', body)).toMatchObject({ status: 403 });
    const started = await post('admin', '/transactions', body);
    expect(started.status).toBe(202);
    const { self = '' } = started.body['links'] as Record<string, string>;
    const report = await until(async () => (await ask('viewer', self)).body['report'] ?? false, 'its end');
    expect(report).toMatchObject({ status: 'committed' });
    expect(await post('admin', '/transactions', body)).toMatchObject({
      status: 200,
      body: { workflowId: started.body['workflowId'] },
    });
    expect(await ask('viewer', `/transactions/never-${unique}`)).toMatchObject({ status: 404 });
  });
});

describe('closed executions over HTTP', () => {
  it('are recovered one by one or many at once, and only looked at where nothing else is asked for', async () => {
    const workflowId = `parcel-${unique}`;
    // Nobody works on it: it stays as it is until it is ended.
    const handle = await harness.client.workflow.start('parcel', { taskQueue: `nobody-${unique}`, workflowId });
    await handle.terminate('a test');
    const one = { workflowId, how: 'restart', reason };
    expect(await post('operator', '/executions:recover', one)).toMatchObject({
      status: 200,
      body: { workflowId, dryRun: true, runId: handle.firstExecutionRunId },
    });
    const done = await post('operator', '/executions:recover', { ...one, dryRun: false });
    expect(done).toMatchObject({ status: 200, body: { workflowId, newRunId: expect.any(String) as string } });
    await harness.client.workflow.getHandle(workflowId).terminate('a test');

    const query = `WorkflowId = '${workflowId}'`;
    const bulk = { name: `incident-${unique}`, query, how: 'restart', watchFor: '10ms', reason };
    const found = async () => (await post('operator', '/executions/bulks', bulk)).body;
    await until(async () => (await found())['found'] === 2, 'both in the list');
    expect(await found()).toMatchObject({ dryRun: true, how: 'restart' });
    expect(await post('operator', '/executions/bulks', { ...bulk, dryRun: false })).toMatchObject({ status: 403 });
    const started = await post('admin', '/executions/bulks', { ...bulk, dryRun: false });
    expect(started.status).toBe(202);
    const { self = '' } = started.body['links'] as Record<string, string>;
    const report = await until(async () => {
      const { body } = await ask('viewer', self);
      return body['status'] !== 'running' && body;
    }, 'its end');
    expect(report).toMatchObject({ found: 2, counts: { skipped: 1 } });
    await until(async () => {
      const { items } = (await ask('viewer', '/executions/bulks')).body as { items: { name: string; by?: string }[] };
      return items.some(({ name, by }) => name === bulk.name && by === 'the-admin');
    }, 'it in the list');
    expect(await post('operator', `/executions/bulks/${bulk.name}/stop`)).toMatchObject({ status: 404 });
    expect(await ask('viewer', '/executions/bulks/never')).toMatchObject({ status: 404 });
    await harness.client.workflow.getHandle(workflowId).terminate('end of the test');
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../src/api/contract/route.ts';
import { askApi, auditOf, createTestApi, type Asked, type TestApi } from '../support/api.ts';
import { waitsFor } from '../support/broken-target.ts';
import { until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { FIX, head } from '../support/playbook-text.ts';

// By the names that the built-in ones have, so that what was started stays open until it is looked at.
const PLAYBOOKS = ['service-cache', 'service-database', 'category-transient'].map((name) => head(name) + FIX);
const harness = sharedHarness(PLAYBOOKS.join('---\n'));
const reason = 'it answers wrongly';
let api: TestApi;
beforeAll(async () => {
  api = await createTestApi(harness.recoveries);
});
afterAll(() => api.close());

const ask = (who: Role, path: string, more?: Asked) => askApi(api, who, `/api/recovery/${path}`, more);
const audited = (path: string) => auditOf(api, `/api/recovery/${path}`);

/** What somebody asked for: the recovery that it has become, which is ended then. */
async function startedOf(target: string) {
  const handle = harness.recoveries.getHandle(target);
  await waitsFor(handle, 'manual:fix');
  await handle.cancel();
  return handle.result();
}

async function isFor(admin: 'trigger' | 'cache/clear' | 'database/reconnect', body: object) {
  for (const role of ['viewer', 'operator', 'approver'] as const) {
    expect(await ask(role, admin, { body })).toMatchObject({ status: 403 });
  }
}

describe('the routes of a recovery service', () => {
  it.each([
    ['cache/clear', 'service-cache', 'cache'],
    ['database/reconnect', 'service-database', 'database'],
  ] as const)('%s starts the playbook %s', async (path, playbook, type) => {
    const { target } = harness;
    await isFor(path, { target, reason });
    const answer = await ask('admin', path, { body: { target, reason } });
    expect(answer).toMatchObject({ status: 202, body: { target, deduplicated: false } });
    expect(await ask('admin', path, { body: { target, reason } })).toMatchObject({
      status: 200,
      body: { runId: answer.body['runId'], deduplicated: true },
    });
    expect(await startedOf(target)).toMatchObject({
      failure: { target, type, message: reason, recoveryType: 'manual', source: { kind: 'api', name: 'the-admin' } },
      plan: { playbook: { name: playbook } },
    });
    const about = { actor: 'the-admin', target };
    expect((await audited(path)).filter((line) => line.target === target)).toMatchObject([
      { kind: 'intent', ...about, reason },
      { kind: 'outcome', ...about, status: 202 },
      { kind: 'intent', ...about, reason },
      { kind: 'outcome', ...about, status: 200 },
    ]);
    expect((await audited(path)).filter(({ kind }) => kind === 'refused').slice(-3)).toMatchObject([
      { actor: 'the-viewer', status: 403 },
      { actor: 'the-operator', status: 403 },
      { actor: 'the-approver', status: 403 },
    ]);
  });

  it('trigger starts what the body says, once for a key', async () => {
    const { target } = harness;
    const body = { failure: { target, message: 'it broke' }, playbook: 'category-transient' };
    await isFor('trigger', body);
    const headers = { 'idempotency-key': target };
    const first = await ask('admin', 'trigger', { body, headers });
    const again = await ask('admin', 'trigger', { body, headers });
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.body['runId']).toBe(first.body['runId']);
    expect(await startedOf(target)).toMatchObject({
      failure: { message: 'it broke', source: { name: 'the-admin' } },
      plan: { playbook: { name: 'category-transient' } },
    });
    const lines = (await audited('trigger')).filter((line) => line.target === target);
    expect(lines.map(({ kind }) => kind)).toEqual(['intent', 'outcome', 'intent', 'outcome']);
  });

  it('status and history tell of one target where it stands and how it went', async () => {
    const { target } = harness;
    const query = `?target=${encodeURIComponent(target)}`;
    const statusOf = async () => (await ask('viewer', `status${query}`)).body;
    expect(await statusOf()).toMatchObject({ state: 'idle', open: 0, latest: null });
    await ask('admin', 'cache/clear', { body: { target, reason } });
    await waitsFor(harness.recoveries.getHandle(target), 'manual:fix');
    const open = await until(async () => {
      const found = await statusOf();
      return (found['latest'] as { status?: string } | null)?.status === 'awaiting_operator' && found;
    }, 'it in Visibility');
    expect(open).toMatchObject({ state: 'in_progress', open: 1, latest: { target, playbook: 'service-cache' } });
    expect((await ask('viewer', `history${query}`)).body).toMatchObject({ items: [], nextCursor: null });
    await startedOf(target);
    await until(async () => (await statusOf())['state'] === 'cancelled', 'its end in Visibility');
    expect((await ask('viewer', `history${query}`)).body).toMatchObject({ items: [{ target, status: 'cancelled' }] });
    expect(await ask('viewer', 'status')).toMatchObject({ status: 200, body: { open: expect.any(Number) as number } });
    expect((await ask('viewer', 'history?limit=1')).body['items']).toHaveLength(1);
  });

  it('stats are those of all recoveries', async () => {
    const { target } = harness;
    await ask('admin', 'database/reconnect', { body: { target, reason } });
    await startedOf(target);
    const found = await until(async () => {
      const { body } = await ask('viewer', 'stats');
      return (body['groups'] as { key: string }[]).find(({ key }) => key === 'service-database');
    }, 'it in the figures');
    expect(found).toMatchObject({ record: expect.any(Object) as object });
    expect(await ask('viewer', 'stats')).toMatchObject({ body: (await askApi(api, 'viewer', '/api/v1/stats')).body });
  });

  it('circuit-breaker tells of all or one, and resets it', async () => {
    const name = `db-${harness.target.split('/')[1] ?? ''}`;
    expect(await ask('viewer', `circuit-breaker/status?name=${name}`)).toMatchObject({ status: 404 });
    await harness.recoveries.breakers.forceOpen(name, { by: 'ada', reason });
    expect(await ask('viewer', `circuit-breaker/status?name=${name}`)).toMatchObject({
      status: 200,
      body: { breaker: { state: 'FORCED_OPEN' } },
    });
    await until(async () => {
      const { body } = await ask('viewer', 'circuit-breaker/status');
      expect(body['breaker']).toBeNull();
      return (body['items'] as { name: string }[]).some((item) => item.name === name);
    }, 'it in the list');
    const path = 'circuit-breaker/reset';
    expect(await ask('operator', path, { body: { name, reason } })).toMatchObject({ status: 403 });
    expect((await harness.recoveries.breakers.status(name)).state).toBe('FORCED_OPEN');
    expect(await ask('admin', path, { body: { name, reason } })).toMatchObject({
      status: 200,
      body: { state: 'CLOSED' },
    });
    expect(await audited(path)).toMatchObject([
      { kind: 'refused', actor: 'the-operator', status: 403 },
      { kind: 'intent', actor: 'the-admin', target: name, reason },
      { kind: 'outcome', actor: 'the-admin', target: name, status: 200 },
    ]);
  });
});

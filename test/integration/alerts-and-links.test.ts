import { createHmac } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readAuditPage } from '../../src/api/audit/read-audit.ts';
import { signLink, type LinkClaims } from '../../src/config/approval-links.ts';
import { signBody } from '../../src/config/body-signature.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { failureOf, waitsFor } from '../support/broken-target.ts';
import { until } from '../support/until.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { FIX, head, PLAIN_RETRY } from '../support/playbook-text.ts';

const PLAYBOOKS = [
  head('signed', 'approval: {roles: [lead], authenticated: true, timeout: 1h}') + PLAIN_RETRY,
  head('by-hand') + FIX,
  head('by-two', 'approval: {roles: [lead], required: 2, authenticated: true, timeout: 1h}') + PLAIN_RETRY,
].join('---\n');

const RULES = `
apiVersion: rerail/v1
kind: AlertRules
spec:
  sources:
    - {name: incidents, type: pagerduty, secretFrom: env:TEST_PAGER_SECRET}
    - {name: deploys, type: generic, secretFrom: env:TEST_HOOK_SECRET}
    - {name: events, type: pagerduty-events, secretFrom: env:TEST_PAGER_SECRET}
  rules:
    - name: database
      match: {labels: {alertname: "Database*", env: prod}}
      failure:
        target: "test/{{ alert.labels.instance }}"
        message: "{{ alert.annotations.summary }}"
        type: database
        severity: "{{ alert.labels.severity }}"
        labels: {pool: "{{ alert.labels.instance }}"}
      playbook: signed
    - name: hook
      source: generic
      failure: {target: "test/{{ alert.labels.instance }}"}
      playbook: by-hand
    - name: incident
      source: pagerduty
      match: {labels: {service: "shop-*"}}
      failure: {target: "test/{{ alert.labels.incidentKey }}", severity: HIGH}
      playbook: by-hand
    - name: event
      source: pagerduty-events
      match: {labels: {component: shop}, annotations: {region: "eu-*"}}
      failure: {target: "test/{{ alert.labels.source }}", severity: "{{ alert.labels.severity }}"}
      playbook: by-hand
  silences:
    - {name: window, reason: planned work, targets: ["test/quiet*"], activeUntil: "2100-01-01T00:00:00Z"}
`;
const PAGER_SECRET = 'pager-secret-of-the-test';
const HOOK_SECRET = 'hook-secret-of-the-test';

const harness = sharedHarness(PLAYBOOKS);
let api: TestApi;
let keysFile = '';

beforeAll(async () => {
  process.env['TEST_PAGER_SECRET'] = PAGER_SECRET;
  process.env['TEST_HOOK_SECRET'] = HOOK_SECRET;
  const folder = await createTestApi(harness.recoveries, { open: true });
  keysFile = path.join(folder.folder, 'keys');
  await writeFile(keysFile, `${'k'.repeat(40)}\n`);
  const playbooks = path.join(folder.folder, 'playbooks');
  await mkdir(playbooks);
  await writeFile(path.join(playbooks, 'all.yaml'), PLAYBOOKS);
  const rules = path.join(folder.folder, 'rules.yaml');
  await writeFile(rules, RULES);
  api = await createTestApi(harness.recoveries, {
    approvalKeysFile: keysFile,
    playbooksDir: [playbooks],
    alertRulesFile: rules,
    publicUrl: 'https://rerail.example.com',
  });
  const { close } = api;
  api.close = async () => {
    await close();
    await folder.close();
  };
});
afterAll(() => api.close());

interface Result {
  outcome: string;
  rule?: string;
  why?: string;
  workflowId?: string;
}

const post = async (at: string, body: unknown, headers: Record<string, string>) => {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await api.app.inject({
    method: 'POST',
    url: `/api/v1/webhooks/${at}`,
    headers: { 'content-type': 'application/json', ...headers },
    payload,
  });
  const { results = [], code } = answer.json<{ results?: Result[]; code?: string }>();
  return { status: answer.statusCode, results, code, detail: answer.body };
};

const STARTED = '2026-01-02T03:04:05.678Z';
const instance = () => harness.target.replace('test/', '');
const alert = (more: object = {}, labels: object = {}) => ({
  status: 'firing',
  labels: { alertname: 'DatabaseDown', env: 'prod', severity: 'critical', instance: instance(), ...labels },
  annotations: { summary: 'no connections left' },
  startsAt: STARTED,
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus/graph',
  fingerprint: 'f00d',
  ...more,
});
const alertmanager = async (...alerts: object[]) => {
  const body = { version: '4', groupKey: '{}', receiver: 'rerail', status: 'firing', groupLabels: {}, alerts };
  const { results } = await post('alertmanager', body, api.bearer('operator'));
  return results;
};
const audited = async () => (await readAuditPage(api.auditFolder, { limit: 200 })).items;

describe('Alertmanager', () => {
  it('starts one recovery for an alert, whatever it repeats, and cancels it when it is over before it acted', async () => {
    const [first] = await alertmanager(alert());
    expect(first).toMatchObject({ outcome: 'started', rule: 'database', workflowId: `recovery/${harness.target}` });
    const handle = harness.recoveries.getHandle(harness.target);
    await waitsFor(handle, 'approval');
    const [again, other] = await alertmanager(alert(), alert({ fingerprint: 'beef' }));
    expect([again?.outcome, other?.outcome]).toEqual(['repeated', 'joined']);
    expect((await handle.status()).joined).toBe(1);
    // Another alert has joined: the end of the first is no end of the fault.
    expect(await alertmanager(alert({ status: 'resolved' }))).toMatchObject([
      { outcome: 'resolved', why: 'noted: the plan has no probes that could show that it works' },
    ]);
    expect((await handle.timeline()).at(-2)).toMatchObject({
      kind: 'alert',
      message: 'resolved: DatabaseDown: no connections left',
    });
    // Its end is no further failure.
    expect((await handle.status()).joined).toBe(1);
    await handle.cancel();
    expect((await handle.result()).failure).toMatchObject({
      message: 'no connections left',
      severity: 'CRITICAL',
      occurredAt: STARTED,
      labels: { pool: instance(), alertRule: 'database' },
      source: { kind: 'alert', name: 'the-operator' },
    });
  });

  it('cancels what has only waited, with the reason', async () => {
    await alertmanager(alert());
    const handle = harness.recoveries.getHandle(harness.target);
    await waitsFor(handle, 'approval');
    expect(await alertmanager(alert({ status: 'resolved' }))).toMatchObject([
      { why: 'cancelled: the alert is resolved, and nothing had been done' },
    ]);
    const report = await handle.result();
    expect(report).toMatchObject({ status: 'cancelled', joined: [] });
    expect(report.summary).toContain('the alert is resolved');
    expect(await alertmanager(alert({ status: 'resolved' }))).toMatchObject([
      { outcome: 'resolved', why: 'no recovery of the target is open' },
    ]);
  });

  it('says why it does nothing', async () => {
    const results = await alertmanager(
      alert({}, { alertname: 'Elsewhere' }),
      alert({}, { instance: 'quiet-1' }),
      alert({ labels: { alertname: 'DatabaseDown', env: 'prod' } }),
      alert({}, { instance: '../etc' }),
    );
    expect(results.map(({ outcome, why }) => `${outcome} ${why ?? ''}`)).toEqual([
      'ignored no rule fits it',
      'silenced window: planned work',
      expect.stringContaining('ignored the rule reads alert.labels.instance, alert.labels.severity') as string,
      expect.stringContaining('ignored the rule makes no failure of it: target') as string,
    ]);
    const { counts, silences } = (
      await api.app.inject({ url: '/api/v1/webhooks', headers: api.bearer('viewer') })
    ).json<{ counts: { outcome: string; count: number }[]; silences: object[] }>();
    expect(counts).toContainEqual({ source: 'alertmanager', outcome: 'ignored', count: 3 });
    expect(silences).toEqual([{ name: 'window', reason: 'planned work' }]);
  });
});

describe('a target that a monitor holds in maintenance', () => {
  it('is not recovered by an alert, however many come, and is when the maintenance is over', async () => {
    const { monitors } = harness.recoveries;
    const name = harness.target.replace('/', '-');
    const hand = { by: 'ada', reason: 'new disks' };
    const checks = [{ name: 'up', probe: { file: { path: '/' } }, periodSeconds: 600 }];
    const definition = { apiVersion: 'rerail/v1', kind: 'Monitor', metadata: { name } };
    await monitors.start(
      { ...definition, spec: { target: harness.target, checks } },
      { ...hand, defaultHost: harness.host },
    );
    const held = async () => (await monitors.maintained()).some(({ target }) => target === harness.target);
    await monitors.maintenance(name, { ...hand, mode: 'on', until: '2100-01-01T00:00:00.000Z' });
    await until(held, 'the maintenance');
    const reads = vi.spyOn(monitors, 'maintained');
    const results = await alertmanager(
      ...['a', 'b', 'c'].map((fingerprint) => alert({ fingerprint })),
      alert({ fingerprint: 'd', status: 'resolved' }),
    );
    expect(reads).toHaveBeenCalledTimes(1);
    reads.mockRestore();
    const why = `monitor ${name} holds it in maintenance until 2100-01-01T00:00:00.000Z, by ada: new disks`;
    expect(results.slice(0, 3).map((one) => `${one.outcome} ${one.why}`)).toEqual(Array(3).fill(`silenced ${why}`));
    expect(results[3]).toMatchObject({ outcome: 'resolved' });
    const handle = harness.recoveries.getHandle(harness.target);
    await expect(handle.describe()).rejects.toMatchObject({ code: 'recovery-not-found' });

    await monitors.maintenance(name, { ...hand, mode: 'off' });
    await until(async () => !(await held()), 'its end');
    expect(await alertmanager(alert())).toMatchObject([{ outcome: 'started' }]);
    await handle.cancel();
    await monitors.stop(name, hand);
  });
});

describe('senders that sign', () => {
  it('are taken once, in time and with the right secret only', async () => {
    const body = JSON.stringify({
      alerts: [{ id: 'd1', status: 'firing', labels: { instance: instance() }, startsAt: STARTED }],
    });
    const sign = (at = new Date(), secret = HOOK_SECRET) => ({ 'x-rerail-signature': signBody(secret, body, at) });
    const refused = await Promise.all([
      post('generic', body, {}),
      post('generic', body, sign(new Date(), 'wrong')),
      post('generic', body, sign(new Date(Date.now() - 301_000))),
      post('generic', `${body} `, sign()),
      post('generic', body, api.bearer('admin')),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    // Newest first.
    const entries = (await audited()).slice(0, refused.length);
    expect(entries.map(({ kind, status }) => `${kind} ${status ?? ''}`)).toEqual(refused.map(() => 'refused 401'));
    await expect(harness.recoveries.getHandle(harness.target).describe()).rejects.toMatchObject({
      code: 'recovery-not-found',
    });

    const good = sign();
    expect((await post('generic', body, good)).results).toMatchObject([{ outcome: 'started', rule: 'hook' }]);
    expect(await post('generic', body, good)).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect((await post('generic', body, sign(new Date(Date.now() + 1000)))).results).toMatchObject([
      { outcome: 'repeated' },
    ]);
    expect((await audited())[0]).toMatchObject({ actor: 'deploys', via: 'signature', status: 202 });
    await harness.recoveries.getHandle(harness.target).cancel();
  });

  it('PagerDuty: incidents that begin and end', async () => {
    const event = (type: string, { service = 'shop-api', at = STARTED } = {}) =>
      JSON.stringify({
        event: {
          id: `e-${type}`,
          event_type: type,
          resource_type: 'incident',
          occurred_at: at,
          data: {
            id: `Q-${harness.target}`,
            type: 'incident',
            title: 'shop is slow',
            urgency: 'high',
            created_at: STARTED,
            incident_key: instance(),
            html_url: 'https://example.pagerduty.com/incidents/Q1',
            service: { id: 'P1', type: 'service_reference', summary: service },
          },
        },
      });
    const sign = (body: string, secret = PAGER_SECRET) => ({
      'x-pagerduty-signature': `v1=${'0'.repeat(64)},v1=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });
    const send = (body: string) => post('pagerduty', body, sign(body));
    const triggered = event('incident.triggered');
    expect((await post('pagerduty', triggered, sign(triggered, 'wrong'))).status).toBe(401);
    expect((await send(triggered)).results).toMatchObject([{ outcome: 'started', rule: 'incident' }]);
    expect((await send(event('incident.acknowledged'))).results).toEqual([]);
    expect((await send(event('incident.triggered', { service: 'other' }))).results).toMatchObject([
      { outcome: 'ignored' },
    ]);
    const handle = harness.recoveries.getHandle(harness.target);
    await waitsFor(handle, 'manual:fix');
    const over = await send(event('incident.resolved', { at: '2026-01-02T04:00:00Z' }));
    expect(over.results).toMatchObject([{ why: 'noted: the plan has no probes that could show that it works' }]);
    expect(await handle.isOpen()).toBe(true);
    await handle.cancel();
    await handle.result();

    // The same incident, with the begin of the first.
    expect((await send(triggered)).results).toMatchObject([{ outcome: 'repeated' }]);
    const reopened = event('incident.reopened', { at: '2026-01-02T05:00:00Z' });
    expect((await send(reopened)).results).toMatchObject([{ outcome: 'started', rule: 'incident' }]);
    await waitsFor(handle, 'manual:fix');
    expect((await send(reopened)).results).toMatchObject([{ outcome: 'repeated' }]);
    await harness.recoveries.getHandle(harness.target).cancel();
  });

  it('PagerDuty: events that would be sent to it, with a routing key', async () => {
    const { handle, instance: source } = { handle: harness.recoveries.getHandle(harness.target), instance: instance() };
    const details = { region: 'eu-1', load: 0.9, deep: { kept: 'out' } };
    const payload = { summary: 'shop is slow', source, severity: 'error', component: 'shop', custom_details: details };
    const send = (more: object, key = PAGER_SECRET) =>
      post('pagerduty-events', JSON.stringify({ routing_key: key, event_action: 'trigger', ...more }), {});
    expect(await send({ payload }, HOOK_SECRET)).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(await send({ payload: { ...payload, severity: 'bad' } })).toMatchObject({ status: 400 });
    expect(await send({ event_action: 'resolve' })).toMatchObject({ status: 400 });
    const started = await send({ payload });
    expect(started).toMatchObject({ status: 202, results: [{ outcome: 'started', rule: 'event' }] });
    await waitsFor(handle, 'manual:fix');
    expect((await send({ payload })).results).toMatchObject([{ outcome: 'repeated' }]);
    const { dedup_key } = JSON.parse(started.detail) as { dedup_key: string };
    expect((await send({ event_action: 'acknowledge', dedup_key })).results).toEqual([]);
    const over = () => send({ event_action: 'resolve', dedup_key });
    expect((await over()).results).toMatchObject([
      { outcome: 'resolved', why: 'noted: the plan has no probes that could show that it works' },
    ]);
    // Its key alone says nothing of what nobody has triggered here.
    expect((await over()).results).toMatchObject([{ outcome: 'ignored', why: 'no rule fits it' }]);
    expect(await handle.isOpen()).toBe(true);
    expect(JSON.stringify(await audited())).not.toContain(PAGER_SECRET);
    await handle.cancel();
    expect((await handle.result()).failure).toMatchObject({ severity: 'HIGH', message: 'shop is slow' });
  });
});

describe('a link in a message', () => {
  async function asked(playbook = 'signed') {
    const { handle } = await harness.recoveries.start(failureOf(harness), { playbook });
    await waitsFor(handle, 'approval');
    const { runId, planHash = '', waitingFor } = await handle.status();
    const link = (more: Partial<LinkClaims> = {}) =>
      signLink(
        {
          workflowId: handle.workflowId,
          runId,
          planHash,
          since: waitingFor?.since ?? '',
          verdict: 'approved',
          by: 'grace',
          roles: ['lead'],
          expiresAt: Date.now() + 60_000,
          ...more,
        },
        keysFile,
      );
    return { handle, link };
  }
  const open = (token: string) => api.app.inject({ url: `/links/${token}` });
  const fieldsOf = (html: string): Record<string, string> => {
    const found = [...html.matchAll(/name="(form|stateHash)" value="([^"]*)"/g)];
    return Object.fromEntries(found.map((match) => [match[1] ?? '', match[2] ?? '']));
  };
  const submit = (token: string, fields: object, headers: Record<string, string> = {}) =>
    api.app.inject({
      method: 'POST',
      url: `/links/${token}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(fields as Record<string, string>).toString(),
    });

  it('shows what would be done, decides by its form only, and once', async () => {
    const { handle, link } = await asked();
    const token = await link();
    const shown = await open(token);
    await open(token);
    expect(shown.statusCode).toBe(200);
    expect(shown.body).toContain(`Approve the recovery of ${harness.target}?`);
    expect(shown.body).not.toMatch(/<script|style=|onclick/);
    expect(shown.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect((await handle.status()).status).toBe('awaiting_approval');

    const fields = { ...fieldsOf(shown.body), reason: 'seen <it>' };
    const foreign = await submit(token, fields, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
    const forged = await submit(token, { ...fields, form: '' });
    const moved = await submit(await link({ by: 'eve' }), fields);
    expect([foreign, forged, moved].map(({ statusCode }) => statusCode)).toEqual([403, 403, 403]);
    expect((await handle.status()).status).toBe('awaiting_approval');

    const done = await submit(token, fields, { origin: 'https://rerail.example.com', 'sec-fetch-site': 'same-origin' });
    expect(done.body).toContain('has your answer, grace');
    const { approvals } = await handle.result();
    expect(approvals).toMatchObject([
      { by: 'grace', verdict: 'approved', authenticated: true, roles: ['lead'], reason: 'by link: seen <it>' },
    ]);
    expect((await submit(token, fields)).body).toContain('has closed');
    expect((await open(token)).statusCode).toBe(409);

    const entries = await audited();
    const ofLinks = entries.filter(({ route }) => route === '/links/{token}');
    expect(ofLinks).toContainEqual(
      expect.objectContaining({ kind: 'outcome', actor: 'grace', via: 'link', status: 200 }),
    );
    expect(ofLinks).toContainEqual(expect.objectContaining({ kind: 'refused', method: 'GET', status: 409 }));
    expect(JSON.stringify(entries) + api.logged.join('')).not.toContain(token);
  });

  it('denies with a reason, and says why an old or changed one does nothing', async () => {
    const { handle, link } = await asked();
    const token = await link();
    const answers = {
      changed: await open(await link({ planHash: 'f'.repeat(64) })),
      anew: await open(await link({ since: STARTED })),
      late: await open(await link({ expiresAt: Date.now() - 1 })),
      bent: await open(`${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}`),
    };
    expect(Object.values(answers).map(({ statusCode }) => statusCode)).toEqual([409, 409, 409, 403]);
    expect(answers.changed.body).toContain('the plan has changed');
    expect(answers.anew.body).toContain('answered meanwhile, or is asked anew');
    expect(answers.late.body).toContain('was good until');
    const denial = await link({ verdict: 'denied' });
    const fields = fieldsOf((await open(denial)).body);
    expect((await submit(denial, { ...fields, reason: ' ' })).statusCode).toBe(400);
    expect((await submit(denial, { ...fields, reason: 'not now' })).statusCode).toBe(200);
    expect((await handle.result()).error).toMatchObject({ code: 'approval-denied' });
  });

  it('counts once for one person while others are still asked, and turns no answer around', async () => {
    const { handle, link } = await asked('by-two');
    const mine = await link();
    const denial = await link({ verdict: 'denied' });
    const [fields, ofDenial] = [fieldsOf((await open(mine)).body), fieldsOf((await open(denial)).body)];
    expect((await submit(mine, fields)).statusCode).toBe(200);
    expect((await handle.status()).approval?.granted).toEqual(['grace']);

    const used = [
      await open(mine),
      await submit(mine, fields),
      await submit(await link(), fieldsOf((await open(await link({ by: 'ada' }))).body)),
      await open(denial),
      await submit(denial, { ...ofDenial, reason: 'on second thoughts' }),
    ];
    expect(used.map(({ statusCode }) => statusCode)).toEqual([409, 409, 403, 409, 409]);
    expect(used[1]?.body).toContain('this link was used: grace has approved');
    expect(await handle.status()).toMatchObject({ status: 'awaiting_approval', approval: { granted: ['grace'] } });

    const other = await link({ by: 'ada' });
    expect((await submit(other, fieldsOf((await open(other)).body))).statusCode).toBe(200);
    expect((await handle.result()).approvals.map(({ by, verdict }) => `${by} ${verdict}`)).toEqual([
      'grace approved',
      'ada approved',
    ]);
  });

  it('takes one of two forms that are sent at the same time', async () => {
    const { handle, link } = await asked('by-two');
    const token = await link();
    const fields = fieldsOf((await open(token)).body);
    const both = await Promise.all([submit(token, fields), submit(token, fields), submit(token, fields)]);
    expect(both.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409, 409]);
    expect((await handle.status()).approval?.granted).toEqual(['grace']);
    await handle.cancel();
    expect((await handle.result()).approvals).toHaveLength(1);
  });

  it('gives nobody a role that the playbook asks for', async () => {
    const { handle, link } = await asked();
    const asIntern = await link({ roles: ['intern', 'leader'] });
    const refused = await submit(asIntern, fieldsOf((await open(asIntern)).body));
    expect(refused.statusCode).toBe(409);
    expect(refused.body).toContain('must name one of lead');
    expect(await handle.status()).toMatchObject({ status: 'awaiting_approval', approval: { granted: [] } });
    expect((await audited())[0]).toMatchObject({ actor: 'grace', via: 'link', status: 409 });
    await handle.cancel();
  });
});

import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAuditPage } from '../../src/api/audit/read-audit.ts';
import { verifyAudit } from '../../src/api/audit/verify-audit.ts';
import { ROLES, type Role } from '../../src/api/contract/route.ts';
import { DIGESTS } from '../../src/process/digests.ts';
import { signatureRefusal, type SignedAnswer } from '../../src/domain/approval.ts';
import { createTestApi, type TestApi } from '../support/api.ts';
import { failureOf, waitsFor } from '../support/broken-target.ts';
import { commandFailed, until } from '../support/harness.ts';
import { sharedHarness } from '../support/new-harness.ts';
import { complaint, requestsOf } from '../support/openapi-fuzz.ts';
import { head, PLAIN_RETRY } from '../support/playbook-text.ts';

const KEY = 'k'.repeat(40);
const PLAYBOOKS = [
  head('signed', 'approval: {roles: [lead], authenticated: true, timeout: 1h}') + PLAIN_RETRY,
  head('plain') + '    - {id: again, type: retry, optional: false}\n',
].join('---\n');

const harness = sharedHarness(PLAYBOOKS);
let api: TestApi;
let address = '';

beforeAll(async () => {
  const folder = await createTestApi(harness.recoveries, { open: true });
  const keys = path.join(folder.folder, 'keys');
  await writeFile(keys, `${KEY}\n`);
  const playbooks = path.join(folder.folder, 'playbooks');
  await mkdir(playbooks);
  await writeFile(path.join(playbooks, 'all.yaml'), PLAYBOOKS);
  api = await createTestApi(harness.recoveries, { approvalKeysFile: keys, playbooksDir: [playbooks] });
  address = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const { close } = api;
  api.close = async () => {
    await close();
    await folder.close();
  };
});
afterAll(() => api.close());

type Who = Role | 'ada';
type Answer = Record<string, unknown>;

async function call(who: Who, method: 'GET' | 'POST' | 'DELETE', url: string, body?: object, more: object = {}) {
  const answer = await api.app.inject({
    method,
    url,
    headers: { ...api.bearer(who), ...more },
    ...(body ? { payload: body } : {}),
  });
  const json = /^application\/(problem\+)?json/.test(String(answer.headers['content-type']))
    ? answer.json<Answer>()
    : {};
  return { status: answer.statusCode, body: json, text: answer.body, headers: answer.headers };
}

const failure = (): Record<string, unknown> => {
  return { ...failureOf(harness) };
};
const pathOf = (target = harness.target): string => `/api/v1/recoveries/${encodeURIComponent(target)}`;
const start = (body: object = {}, headers: object = {}, who: Who = 'admin') =>
  call(who, 'POST', '/api/v1/recoveries', { failure: failure(), ...body }, headers);

/** Reads server-sent events until one fits. */
async function readEvents(url: string, until: (event: EventSourceMessage) => boolean, lastEventId?: string) {
  const controller = new AbortController();
  const response = await fetch(address + url, {
    headers: { ...api.bearer('viewer'), ...(lastEventId ? { 'last-event-id': lastEventId } : {}) },
    signal: controller.signal,
  });
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (events.some(until)) break;
  }
  controller.abort();
  return { events, type: response.headers.get('content-type') };
}

describe('a recovery over HTTP', () => {
  it('is started, approved with a signature, watched and reported', async () => {
    harness.fakes['checkApproval'] = (answer: SignedAnswer) => ({
      refusal: signatureRefusal(answer, [KEY], new Date(), DIGESTS) ?? null,
    });
    const started = await start({ playbook: 'signed' });
    expect(started).toMatchObject({ status: 202, body: { deduplicated: false } });
    expect(started.headers.location).toBe(pathOf(`recovery/${harness.target}`));
    await waitsFor(harness.recoveries.getHandle(harness.target), 'approval');
    const again = await start({ playbook: 'signed' });
    expect(again).toMatchObject({ status: 200, body: { deduplicated: true } });

    const detail = await call('viewer', 'GET', pathOf());
    expect(detail.body).toMatchObject({ open: true, status: 'awaiting_approval', coarseState: 'in_progress' });
    const { hash: planHash } = detail.body['plan'] as { hash: string };
    expect(await call('operator', 'POST', `${pathOf()}/approve`, { planHash })).toMatchObject({ status: 403 });
    expect(await call('ada', 'POST', `${pathOf()}/approve`, { planHash, by: 'eve' })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'by' }] },
    });
    expect(await call('ada', 'POST', `${pathOf()}/approve`, { planHash: '0'.repeat(64) })).toMatchObject({
      status: 409,
    });
    expect(await call('ada', 'POST', `${pathOf()}/approve`, { planHash, reason: 'seen' })).toMatchObject({
      status: 200,
      body: { signed: true },
    });
    const { events, type } = await readEvents(`${pathOf()}/events`, ({ event }) => event === 'closed');
    expect(type).toContain('text/event-stream');
    const entries = events.filter(({ event }) => event === 'timeline');
    expect(entries.length).toBeGreaterThan(3);
    expect(JSON.parse(events.at(-1)?.data ?? '')).toMatchObject({ status: 'recovered' });
    const from = entries[2]?.id;
    const rest = await readEvents(`${pathOf()}/events`, ({ event }) => event === 'closed', from);
    const seen = rest.events.filter(({ event }) => event === 'timeline').map(({ id }) => id);
    expect(seen).toEqual(entries.slice(3).map(({ id }) => id));

    const report = await call('viewer', 'GET', `${pathOf()}/report`);
    expect(report.body).toMatchObject({
      status: 'recovered',
      failure: { source: { kind: 'api', name: 'the-admin' } },
      approvals: [{ by: 'ada', authenticated: true, roles: ['viewer', 'approver', 'lead'] }],
    });
    expect((await call('viewer', 'GET', `${pathOf()}/report?format=markdown`)).text).toContain('# ');
    expect((await call('viewer', 'GET', `${pathOf()}/receipt`)).text).toContain('rerail-receipt');
    expect(await call('operator', 'POST', `${pathOf()}/pause`, { reason: 'late' })).toMatchObject({ status: 409 });
  });

  it('waits for a decision and takes it; only an admin names commands', async () => {
    harness.fakes['runCommand'] = () => {
      throw commandFailed();
    };
    const body = { playbook: 'plain' };
    expect(await start(body, {}, 'operator')).toMatchObject({ status: 403, body: { code: 'access-denied' } });
    expect(await start(body)).toMatchObject({ status: 202 });
    const handle = harness.recoveries.getHandle(harness.target);
    await waitsFor(handle, 'decision:again');
    const { allowedDecisions, snapshot } = (await call('viewer', 'GET', pathOf())).body as unknown as {
      allowedDecisions: unknown[];
      snapshot: { waitingFor: { actionId: string } };
    };
    expect(allowedDecisions.length).toBeGreaterThan(3);
    const { actionId } = snapshot.waitingFor;
    const decided = await call('operator', 'POST', `${pathOf()}/decide`, {
      decision: 'abort',
      actionId,
      reason: 'no use',
    });
    expect(decided).toMatchObject({ status: 200 });
    expect(await handle.result()).toMatchObject({ decisions: [{ by: 'the-operator', reason: 'no use' }] });
  });

  it('is started once for a key, and refused for the same key with another body', async () => {
    const key = { 'idempotency-key': harness.target };
    const body = { playbook: 'signed' };
    const first = await start(body, key);
    const second = await start(body, key);
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body['runId']).toBe(first.body['runId']);
    expect(await start({ ...body, inputs: { a: 1 } }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency-key-reused' },
    });
    expect(await call('operator', 'POST', `${pathOf()}/cancel`, { reason: 'enough' })).toMatchObject({ status: 202 });
    expect(await harness.recoveries.getHandle(harness.target).result()).toMatchObject({ status: 'cancelled' });
  });

  it('is listed in pages, with a filter, and counted', async () => {
    const recorded = async () =>
      (await call('viewer', 'GET', '/api/v1/recoveries?playbook=signed')).body['items'] as object[];
    await until(async () => (await recorded()).length >= 2, 'both in the list');
    const first = await call('viewer', 'GET', '/api/v1/recoveries?playbook=signed&limit=1');
    const cursor = first.body['nextCursor'] as string;
    const second = await call(
      'viewer',
      'GET',
      `/api/v1/recoveries?playbook=signed&limit=1&cursor=${encodeURIComponent(cursor)}`,
    );
    expect(first.body['items']).toHaveLength(1);
    expect(second.body['items']).toHaveLength(1);
    expect(second.body['items']).not.toEqual(first.body['items']);
    expect(await call('viewer', 'GET', '/api/v1/recoveries?cursor=xxxx')).toMatchObject({ status: 400 });
    const counts = (await call('viewer', 'GET', '/api/v1/recoveries/counts')).body as unknown as { total: number };
    expect(counts.total).toBeGreaterThanOrEqual(2);
    const { events } = await readEvents('/api/v1/events', ({ event }) => event === 'counts');
    expect(events.map(({ event }) => event)).toContain('counts');
  });
});

describe('the server', () => {
  it('answers every form of request with a status of the document', async () => {
    // Kept away from what other suites share, and from starting what nobody would end.
    const skip = [
      'setAutomation',
      'openBreaker',
      'closeBreaker',
      'startRun',
      'startTransaction',
      'startBulk',
      'recoverExecution',
      'startRecovery',
      'triggerRecovery',
      'clearCache',
      'reconnectDatabase',
    ];
    await fc.assert(
      fc.asyncProperty(requestsOf(skip), fc.constantFrom(...ROLES), async (request, role) => {
        expect(await complaint(api.app, request, api.bearer(role))).toBeUndefined();
      }),
      { numRuns: 80 },
    );
  });

  it('has written down who changed what, in a chain that holds', async () => {
    const page = await call('admin', 'GET', '/api/v1/audit?limit=200');
    const entries = page.body['items'] as { kind: string; actor?: string; route?: string; status?: number }[];
    const route = '/api/v1/recoveries/{id}/approve';
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'intent', actor: 'ada', route, reason: 'seen' }));
    expect(entries).toContainEqual(expect.objectContaining({ kind: 'outcome', actor: 'ada', route, status: 200 }));
    expect(entries).toContainEqual(
      expect.objectContaining({ kind: 'refused', actor: 'the-operator', route, status: 403 }),
    );
    expect(await verifyAudit(api.auditFolder)).toMatchObject({ files: 1, torn: [] });
    const { items } = await readAuditPage(api.auditFolder, { limit: 1 });
    expect(JSON.stringify(items)).not.toContain('rrl_');
    expect(api.logged.join('')).not.toContain('rrl_');
  });

  it('takes what is no run id for a mistake of the caller, and not for an outage', async () => {
    const url = '/api/v1/recoveries/release%2Fweb?run=';
    expect(await call('viewer', 'GET', `${url}0`)).toMatchObject({ status: 400, body: { code: 'invalid-input' } });
    const none = '00000000-0000-4000-8000-000000000000';
    expect(await call('viewer', 'GET', url + none)).toMatchObject({ status: 404 });
    const asked = harness.recoveries.getHandle('release/web', 'no-run-id').describe();
    await expect(asked).rejects.toMatchObject({ code: 'invalid-input' });
  });

  it('answers with a problem what never becomes a request', async () => {
    const { app, close, logged } = await createTestApi(harness.recoveries, { open: true, requestWithinMs: 600 });
    const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    const answerTo = async (text: string): Promise<string> => {
      const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8');
      socket.write(text);
      let answer = '';
      for await (const chunk of socket) answer += String(chunk);
      return answer;
    };
    const large = await answerTo(`GET / HTTP/1.1\r\nhost: a\r\nx-much: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 [\s\S]*problem\+json[\s\S]*"status":431[\s\S]*payload-too-large/);
    expect(await answerTo('HELO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"invalid-input"/);
    // Who never comes to an end, in the head or in the body, is cut off.
    const head = 'POST /api/v1/recoveries HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n';
    for (const slow of [head, `${head}content-length: 100\r\n\r\n{"failure":`]) {
      expect(await answerTo(slow)).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"timed-out"/);
    }
    for (const path of [
      '/../../etc/passwd',
      '/assets/..%2f..%2f..%2fetc/passwd',
      '/docs/errors/%2e%2e/%2e%2e/package.json',
    ]) {
      const answer = await answerTo(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d [\s\S]*problem\+json/);
    }
    const refusals = logged.flatMap((line) => {
      const { refusal } = JSON.parse(line) as { refusal?: { status: number; from?: string } };
      return refusal ? [refusal] : [];
    });
    const from = '127.0.0.1';
    expect(refusals).toMatchObject([431, 400, 408, 408, 404, 404, 404].map((status) => ({ status, from })));
    expect(logged.join('')).not.toContain('aaaa');
    await close();
  });

  it('is ready with a worker, and ends its streams when it stops', async () => {
    const { app, close } = await createTestApi(harness.recoveries, { open: true });
    const base = await app.listen({ host: '127.0.0.1', port: 0 });
    expect(await (await fetch(`${base}/readyz`)).json()).toMatchObject({ ready: true });
    const stream = await fetch(`${base}/api/v1/events`);
    const read = stream.text();
    await close();
    expect(await read).toContain('retry: 2000');
    await expect(fetch(`${base}/healthz`)).rejects.toThrow();
  });
});

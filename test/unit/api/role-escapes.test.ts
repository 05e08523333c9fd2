import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACT } from '../../../src/api/contract.ts';
import { ROLES, type Role, type RouteSpec } from '../../../src/api/contract/route.ts';
import { openApiDocument } from '../../../src/api/openapi.ts';
import { RerailError } from '../../../src/domain/errors.ts';
import { PROBE_KINDS } from '../../../src/domain/probe.ts';
import { createTestApi, refusingClient, type TestApi } from '../../support/api.ts';

const decided: unknown[] = [];
let api: TestApi;
beforeAll(async () => {
  const away = refusingClient(() => new RerailError('server-unreachable', 'Temporal is away'));
  const handle = {
    workflowId: 'recovery/service/web',
    describe: () => Promise.resolve({ open: true }),
    decide: (input: unknown) => Promise.resolve({ status: 'executing', note: String(decided.push(input)) }),
  };
  const recoveries = new Proxy(away, {
    get: (target, name, self) => (name === 'getHandle' ? () => handle : (Reflect.get(target, name, self) as unknown)),
  });
  api = await createTestApi(recoveries);
});
afterAll(() => api.close());

/** Who is let in: what follows fails for want of Temporal, or is answered by the handle above. */
async function letIn(url: string, payload: object): Promise<Role[]> {
  const found: Role[] = [];
  for (const role of ROLES) {
    const { statusCode, body } = await api.app.inject({ method: 'POST', url, headers: api.bearer(role), payload });
    expect([200, 403, 503], `${role} at ${url}: ${body}`).toContain(statusCode);
    if (statusCode !== 403) found.push(role);
  }
  return found;
}

const OPERATORS: Role[] = ['operator', 'admin'];
const ADMINS: Role[] = ['admin'];
const SECRET = 'env:PATH';

const OPERATIONS = [
  { kind: 'command', argv: ['true'] },
  { kind: 'http', url: 'http://127.0.0.1:9/' },
  { kind: 'activity', name: 'runCommand', taskQueue: 'rerail-host-a', input: { operation: { argv: ['true'] } } },
  { kind: 'activity', name: 'noop' },
  { kind: 'workflow', type: 'protectedRun' },
  { kind: 'execution', workflowId: 'order/1' },
];

/** Every kind of probe, and who may name it; where a kind has a harmless and another form, both. */
const PROBES: [object, Role[]][] = [
  [{ command: { argv: ['true'] } }, ADMINS],
  [{ file: { path: '/etc/shadow' } }, ADMINS],
  [{ http: { url: 'http://169.254.169.254/' } }, ADMINS],
  [{ tcp: { port: 80 } }, OPERATORS],
  [{ process: { command: 'node' } }, ADMINS],
  [{ memory: {} }, OPERATORS],
  [{ memory: { process: { argvContains: 'password=a' } } }, ADMINS],
  [{ disk: {} }, OPERATORS],
  [{ cpu: {} }, OPERATORS],
  [{ eventLoop: {} }, OPERATORS],
  [{ postgres: { database: 'd', user: 'u' } }, ADMINS],
  [{ postgres: { database: 'd', user: 'u', passwordFrom: SECRET } }, ADMINS],
  [{ redis: {} }, ADMINS],
  [{ redis: { host: 'evil.example', passwordFrom: 'file:/etc/shadow' } }, ADMINS],
  [{ queue: { stream: 's' } }, ADMINS],
  [{ queue: { stream: 's', passwordFrom: SECRET } }, ADMINS],
  [{ temporalTaskQueue: { taskQueue: 'rerail' } }, OPERATORS],
  [{ temporalTaskQueue: { taskQueue: 'rerail', namespace: 'other' } }, ADMINS],
  [{ git: { path: '/tmp/evil' } }, ADMINS],
  [{ session: { name: 'main', client: { argv: ['true'] } } }, ADMINS],
  [{ disk: {}, workspace: '/srv' }, ADMINS],
];

const failure = (more: object = {}) => ({ target: 'service/web', message: 'it broke', ...more });
const related = (more: object) => failure({ related: [{ message: 'first' }, { message: 'with it', ...more }] });
const START = '/api/v1/recoveries';
const TRIGGER = '/api/recovery/trigger';

describe('what a report may have a host do', () => {
  it.each(OPERATIONS)('no operation of an operator: $kind $name$type', async (operation) => {
    for (const one of [failure({ operation }), related({ operation })]) {
      expect(await letIn(START, { failure: one })).toEqual(ADMINS);
      expect(await letIn(START, { failure: one, playbook: 'category-transient' })).toEqual(ADMINS);
      expect(await letIn(TRIGGER, { failure: one })).toEqual(ADMINS);
    }
  });

  it.each(PROBES)('the probe %j', async (kind, allowed) => {
    const probes = [
      { name: 'fine', cpu: {} },
      { name: 'p', ...kind },
    ];
    for (const one of [failure({ probes }), related({ probes })]) {
      expect(await letIn(START, { failure: one })).toEqual(allowed);
      expect(await letIn(TRIGGER, { failure: one })).toEqual(ADMINS);
    }
  });

  it('is tried with every kind of operation and probe that there is', () => {
    const { components } = openApiDocument() as { components: { schemas: Record<string, object> } };
    const kinds = JSON.stringify(components.schemas['Operation']).matchAll(/"kind":\{[^{}]*"const":"(\w+)"/g);
    expect(new Set(OPERATIONS.map(({ kind }) => kind))).toEqual(new Set([...kinds].map(([, kind]) => kind)));
    const tried = PROBES.flatMap(([probe]) => Object.keys(probe)).filter((field) => field !== 'workspace');
    expect(new Set(tried)).toEqual(new Set(PROBE_KINDS));
  });

  it('no directory to work in, no word of an emergency', async () => {
    expect(await letIn(START, { failure: failure({ workspace: '/srv/web' }) })).toEqual(ADMINS);
    expect(await letIn(START, { failure: failure(), breakGlass: { reason: 'now' } })).toEqual(ADMINS);
  });

  it('what has happened is told by operators', async () => {
    const told = { subject: 'service/web', host: 'a', component: 'web', labels: { a: 'b' }, stderr: 'x', probes: [] };
    expect(await letIn(START, { failure: related({}) })).toEqual(OPERATORS);
    expect(await letIn(START, { failure: failure(told), inputs: { a: 1 } })).toEqual(OPERATORS);
  });

  it('says which field it was', async () => {
    const answer = await api.app.inject({
      method: 'POST',
      url: START,
      headers: api.bearer('operator'),
      payload: { failure: related({ probes: [{ name: 'p', redis: { passwordFrom: SECRET } }] }) },
    });
    expect(answer.json()).toMatchObject({
      code: 'access-denied',
      detail: expect.stringContaining('failure.related.1.probes.0') as string,
    });
  });
});

describe('other routes', () => {
  it('preview a restore where the checkpoint was taken, for operators', async () => {
    const url = '/api/v1/rollbacks:preview';
    const wanted = { subject: 'service/web', checkpoint: 'latest', diff: true };
    expect(await letIn(url, wanted)).toEqual(OPERATORS);
    expect(await letIn(url, { ...wanted, root: '/etc' })).toEqual(ADMINS);
    expect(await letIn(url, { ...wanted, host: 'other' })).toEqual(ADMINS);
  });

  it('count what a bulk would do for operators, and do it for admins', async () => {
    const bulk = { name: 'b', query: "WorkflowType = 'order'", reason: 'a test' };
    expect(await letIn('/api/v1/executions/bulks', bulk)).toEqual(OPERATORS);
    expect(await letIn('/api/v1/executions/bulks', { ...bulk, dryRun: false })).toEqual(ADMINS);
  });

  it('take another input of an operator only as its schema says, and never the word of the body', async () => {
    const url = '/api/v1/recoveries/service%2Fweb/decide';
    const body = { decision: 'retry', actionId: 'again', reason: 'a test', input: { argv: ['id'] } };
    decided.length = 0;
    expect(await letIn(url, body)).toEqual(OPERATORS);
    expect(decided).toEqual([
      { ...body, by: 'the-operator', declaredInputOnly: true },
      { ...body, by: 'the-admin' },
    ]);
    const headers = api.bearer('operator');
    const payload = { ...body, declaredInputOnly: false };
    expect((await api.app.inject({ method: 'POST', url, headers, payload })).statusCode).toBe(400);
  });

  it('take what hosts run from admins only, besides the start above and a preview that starts nothing', () => {
    const { components } = openApiDocument() as { components: { schemas: Record<string, object> } };
    const names = /#\/components\/schemas\/(\w+)/g;
    const speaks = (schema: unknown, seen = new Set<string>()): boolean => {
      const text = JSON.stringify(schema) ?? '';
      if (/"(argv|command|commands|activity|operation|probe|passwordFrom|url|env)":\{/.test(text)) return true;
      return [...text.matchAll(names)].some(([, name = '']) => {
        if (seen.has(name)) return false;
        seen.add(name);
        return speaks(components.schemas[name], seen);
      });
    };
    const { paths } = openApiDocument() as {
      paths: Record<string, Record<string, { operationId: string; requestBody?: unknown }>>;
    };
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
    const found = operations.filter(({ requestBody }) => requestBody !== undefined && speaks(requestBody));
    const contract: Record<string, RouteSpec> = CONTRACT;
    const open = found.map(({ operationId }) => operationId).filter((id) => contract[id]?.access !== 'admin');
    expect(found.map(({ operationId }) => operationId)).toContain('startRun');
    // The address in an alert is shown and not asked.
    expect(open.sort()).toEqual(['genericAlerts', 'previewPlan', 'startRecovery']);
  });
});

import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restoreTraffic } from '../../../src/activities/services/api/restore-traffic.ts';
import { createJudge } from '../../../src/activities/services/cache/judge-entry.ts';
import { loadMonitors } from '../../../src/config/load-monitors.ts';
import { loadDefinitions } from '../../../src/config/load-playbooks.ts';
import { EntryRuleSchema, ServiceSpecSchema } from '../../../src/domain/service.schema.ts';
import type { ServiceChange } from '../../../src/domain/service.ts';
import { makePlan } from '../../../src/planner/make-plan.ts';
import { FailureSchema } from '../../../src/domain/failure.schema.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('an entry of a cache', () => {
  const judge = (rule: object) => createJudge(EntryRuleSchema.parse({ prefix: 'a', ...rule }));
  const text = (value: string, ttlMs = -1) => ({ type: 'string', value, ttlMs });

  it.each([
    ['JSON', { json: true }, '{"a":1}', undefined],
    ['what is no JSON', { json: true }, '{"a":', 'it is no JSON'],
    ['nothing to judge by', {}, '{', undefined],
    ['what does not fit', { schema: { type: 'object', required: ['b'] } }, '[1]', 'does not fit the schema'],
    ['a checksum', { checksumField: 'sum' }, JSON.stringify({ b: 1, a: 2, sum: sha256('{"a":2,"b":1}') }), undefined],
    ['a wrong checksum', { checksumField: 'sum' }, '{"a":2,"sum":"0"}', 'checksum'],
    ['no object for a checksum', { checksumField: 'sum' }, '[]', 'no JSON object'],
  ])('%s', (_what, rule, value, problem) => {
    const found = judge(rule)(text(value));
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });

  it('has to expire in time, and to be a string', () => {
    expect(judge({ maxTtl: '1m' })(text('x'))).toBe('it never expires');
    expect(judge({ maxTtl: '1m' })(text('x', 60_001))).toBe('it expires later than in 1m');
    expect(judge({ maxTtl: '1m' })(text('x', 60_000))).toBeUndefined();
    expect(judge({ json: true })({ type: 'hash', value: null, ttlMs: -1 })).toBe('it is a hash, not a string');
  });
});

describe('traffic that comes back in steps', () => {
  let server: Server;
  let answers: number[] = [];
  beforeAll(async () => {
    server = createServer((_request, response) => response.writeHead(answers.shift() ?? 200).end()).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  const restore = async (given: number[]) => {
    answers = given;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { api } = ServiceSpecSchema.parse({ api: { health: { url }, restore: { looks: 2 } } });
    if (!api) throw new Error('no API');
    const percents: number[] = [];
    const change = (_name: string, told: ServiceChange): Promise<void> => {
      if (told.type === 'traffic') percents.push(told.percent);
      return Promise.resolve();
    };
    const services = { change, heldOperations: () => Promise.resolve([]), dropHeld: () => Promise.resolve() };
    const options = { name: 'api', services, execution: 'e', step: 's', signal: new AbortController().signal };
    const outcome = await restoreTraffic(api, { ...options, pause: () => Promise.resolve() }).catch(
      (error: unknown) => error as { code: string },
    );
    return { percents, outcome };
  };

  it('goes up while it is well', async () => {
    expect(await restore([])).toEqual({ percents: [10, 50, 100], outcome: { steps: [10, 50, 100] } });
  });

  it('goes back at once when a look fails', async () => {
    const { percents, outcome } = await restore([200, 200, 200, 503]);
    expect(percents).toEqual([10, 50, 10]);
    expect(outcome).toMatchObject({ code: 'service-unhealthy', details: { proven: [10] } });
  });
});

describe('the examples', () => {
  const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));

  it('are monitors whose failures get a plan that needs nobody', async () => {
    const definitions = await loadDefinitions([`${examples}services`]);
    const found: Record<string, string[]> = {};
    for (const file of readdirSync(`${examples}monitors`)) {
      for (const { definition } of await loadMonitors(`${examples}monitors/${file}`)) {
        const { target, checks } = definition.spec;
        // Those of hosts have components of their own.
        if (!target?.startsWith('service/')) continue;
        const { plan } = makePlan({
          ...{ playbooks: definitions.playbooks, components: definitions.components, checkpoints: [] },
          ...{ defaultHost: 'here', id: 'p', now: '2026-01-01T00:00:00.000Z', sha256 },
          failure: FailureSchema.parse({
            ...{ target, message: 'a check fails', source: { kind: 'monitor' } },
            component: checks[0]?.failure?.component,
            ...(checks[0]?.failure?.code ? { code: checks[0].failure.code } : {}),
            ...(checks[0]?.failure?.failureType ? { type: checks[0].failure.failureType } : {}),
          }),
        });
        expect(plan.mode).toBe('auto');
        found[plan.playbook.name] = plan.actions.map(({ id, type }) => `${id} ${type}`);
      }
    }
    expect(found).toEqual({
      'service-api-failure': [
        ...['check-health run', 'clear-error-cache run', 'reset-breaker run', 'test-connectivity run'],
        ...['restore retry', 'escalate escalate'],
      ],
      'service-cache': ['check-health run', 'clear-corrupt run', 'rebuild run', 'retry retry', 'escalate escalate'],
      'service-database': ['reset-pool run', 'check-integrity run', 'resume-operations retry', 'escalate escalate'],
      'service-queue': ['heal-queue run', 'retry retry', 'escalate escalate'],
    });
  });
});

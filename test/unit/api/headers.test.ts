import { describe, expect, it } from 'vitest';
import { RerailError } from '../../../src/domain/errors.ts';
import { createMetrics } from '../../../src/telemetry/metrics/create-metrics.ts';
import { createTestApi, refusingClient, type TestApi } from '../../support/api.ts';

const away = () => new RerailError('server-unreachable', 'Temporal is away');
type Given = Parameters<typeof createTestApi>[1];

async function withApi<T>(given: Given, work: (api: TestApi) => Promise<T>): Promise<T> {
  const api = await createTestApi(refusingClient(away), given);
  try {
    return await work(api);
  } finally {
    await api.close();
  }
}

const ORIGIN = 'https://ops.example';
const preflight = ({ app }: TestApi, origin: string) =>
  app.inject({
    method: 'OPTIONS',
    url: '/api/v1/recoveries',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  });
const corsOf = (headers: object): string[] => Object.keys(headers).filter((name) => name.startsWith('access-control-'));

describe('pages of other origins', () => {
  it('may not read anything where nobody has said so', () =>
    withApi({}, async (api) => {
      for (const answer of [
        await preflight(api, ORIGIN),
        await api.app.inject({ url: '/api/v1/whoami', headers: { ...api.bearer('viewer'), origin: ORIGIN } }),
        await api.app.inject({ url: '/nowhere', headers: { origin: ORIGIN } }),
      ]) {
        expect(corsOf(answer.headers)).toEqual([]);
      }
    }));

  it('may where their origin is named, and no other, and not with cookies', () =>
    withApi({ apiCorsOrigins: [ORIGIN] }, async (api) => {
      const asked = await preflight(api, ORIGIN);
      expect(asked.statusCode).toBe(204);
      expect(asked.headers).toMatchObject({
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-methods': 'GET, POST, PUT, DELETE',
        'access-control-allow-headers': expect.stringContaining('authorization') as string,
      });
      const read = await api.app.inject({
        url: '/api/v1/whoami',
        headers: { ...api.bearer('viewer'), origin: ORIGIN },
      });
      expect(read.headers).toMatchObject({
        'access-control-allow-origin': ORIGIN,
        'access-control-expose-headers': expect.stringContaining('retry-after') as string,
        vary: expect.stringContaining('Origin') as string,
      });
      const others = await Promise.all(
        ['https://ops.example.evil', 'http://ops.example', 'null'].map((one) => preflight(api, one)),
      );
      for (const { headers } of others) expect(headers['access-control-allow-origin']).toBeUndefined();
      for (const { headers } of [asked, read]) expect(headers['access-control-allow-credentials']).toBeUndefined();
    }));
});

describe('every answer', () => {
  it('has the headers that keep browsers from doing more than they should', () =>
    withApi({}, async (api) => {
      const answers = await Promise.all(
        ['/healthz', '/api/v1/whoami', '/nowhere', '/openapi.json'].map((url) => api.app.inject(url)),
      );
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 401, 404, 200]);
      for (const { headers } of answers) {
        expect(headers).toMatchObject({
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'DENY',
          'referrer-policy': 'no-referrer',
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-resource-policy': 'same-origin',
          'cache-control': 'no-store',
        });
        const policy = String(headers['content-security-policy']).split(';');
        expect(policy).toEqual(
          expect.arrayContaining([
            "default-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "object-src 'none'",
          ]),
        );
        expect(policy.join()).not.toContain('unsafe');
      }
    }));

  it('says how many requests are left, and the refused one when to come again', () =>
    withApi({ apiRateLimit: 3 }, async (api) => {
      const seen = [];
      for (const url of ['/healthz', '/api/v1/whoami', '/nowhere', '/nowhere', '/healthz', '/api/v1/whoami']) {
        const { statusCode, headers } = await api.app.inject(url);
        seen.push([statusCode, headers['ratelimit-limit'], headers['ratelimit-remaining']]);
        const again = Number(headers['retry-after']);
        if (statusCode === 429) expect(again > 0 && again <= 60, String(headers['retry-after'])).toBe(true);
        else expect(headers['retry-after']).toBeUndefined();
        expect(Number(headers['ratelimit-reset'])).toBeGreaterThan(0);
      }
      expect(seen).toEqual([
        [200, '3', '2'],
        [401, '3', '1'],
        [404, '3', '0'],
        [429, '3', '0'],
        [429, '3', '0'],
        [429, '3', '0'],
      ]);
    }));
});

describe('the metrics of the API', () => {
  const metricsOf = () => createMetrics({ version: '1', host: 'a', sources: {}, onError: () => undefined });

  it('count each request by method, route of the contract and status, never by what was asked for', () =>
    withApi({ metrics: metricsOf() }, async (api) => {
      const viewer = api.bearer('viewer');
      await api.app.inject({ url: '/api/v1/recoveries/service%2Forders', headers: viewer });
      await api.app.inject({ url: '/api/v1/recoveries/service%2Fweb', headers: viewer });
      await api.app.inject({ url: '/api/v1/whoami' });
      await api.app.inject({ url: '/some/where/else' });
      expect((await api.app.inject('/metrics')).statusCode).toBe(401);
      const { body, headers, statusCode } = await api.app.inject({ url: '/metrics', headers: viewer });
      expect([statusCode, headers['content-type']]).toEqual([200, expect.stringContaining('text/plain') as string]);
      const counted = [...body.matchAll(/^rerail_http_request_duration_seconds_count\{(.*)\} (\d+)$/gm)];
      expect(counted.map(([, labels, count]) => `${labels} ${count}`).sort()).toEqual([
        'method="GET",route="/api/v1/recoveries/{id}",status="503" 2',
        'method="GET",route="/api/v1/whoami",status="401" 1',
        'method="GET",route="/metrics",status="401" 1',
        'method="GET",route="none",status="404" 1',
      ]);
      expect(body).not.toMatch(/orders|else/);
    }));

  it('are not there where nobody keeps any', () =>
    withApi({}, async (api) => {
      expect((await api.app.inject({ url: '/metrics', headers: api.bearer('viewer') })).statusCode).toBe(404);
    }));
});

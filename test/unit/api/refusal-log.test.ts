import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAuditPage } from '../../../src/api/audit/read-audit.ts';
import { createRefusalLog, type Refusal } from '../../../src/api/plugins/refusal-log.ts';
import { RerailError } from '../../../src/domain/errors.ts';
import { createTestApi, refusingClient, type TestApi } from '../../support/api.ts';

const away = () => new RerailError('server-unreachable', 'Temporal is away');
const SECRET = 'rrl_s3cretS3cretS3cretS3cretS3cret';

let api: TestApi;
beforeAll(async () => {
  api = await createTestApi(refusingClient(away));
});
afterAll(() => api.close());

/** What the log says of one request. */
async function linesOf(request: { url: string; method?: 'GET' | 'POST'; headers?: object; payload?: object }) {
  const before = api.logged.length;
  const { statusCode } = await api.app.inject({ method: 'GET', ...request, headers: { ...request.headers } });
  const lines = api.logged.slice(before);
  expect(lines.join('')).not.toMatch(/s3cret/i);
  return { statusCode, lines: lines.map((line) => JSON.parse(line) as { refusal?: Refusal; msg: string }) };
}

describe('a refused request', () => {
  it('is in the log with its route, and without its token and its query', async () => {
    const headers = { authorization: `Bearer ${SECRET}` };
    expect(await linesOf({ url: `/api/v1/whoami?token=${SECRET}`, headers })).toMatchObject({
      statusCode: 401,
      lines: [
        {
          msg: 'refused GET /api/v1/whoami with 401',
          refusal: { status: 401, code: 'unauthenticated', from: '127.0.0.1', requestId: expect.any(String) as string },
        },
      ],
    });
    expect(await linesOf({ url: '/api/v1/audit', headers: api.bearer('viewer') })).toMatchObject({
      lines: [{ refusal: { status: 403, code: 'access-denied', actor: 'the-viewer', route: '/api/v1/audit' } }],
    });
    expect(await linesOf({ url: `/../../etc/passwd?key=${SECRET}` })).toMatchObject({
      lines: [
        { refusal: { status: 404, code: 'route-not-found', route: expect.stringContaining('etc/passwd') as string } },
      ],
    });
    expect(await linesOf({ url: `/link/${SECRET}` })).toMatchObject({ lines: [{ refusal: { route: '/link/…' } }] });
    expect(await linesOf({ url: `/link/${SECRET}%zz` })).toMatchObject({ statusCode: 400 });
    expect(await linesOf({ method: 'POST', url: '/api/v1/whoami' })).toMatchObject({
      lines: [{ refusal: { status: 405 } }],
    });
  });

  it('is in the log once where the audit has it', async () => {
    const url = '/api/v1/recoveries';
    const { lines } = await linesOf({ method: 'POST', url, headers: api.bearer('viewer'), payload: {} });
    expect(lines).toEqual([expect.objectContaining({ msg: `refused of POST ${url}` })]);
    const { items } = await readAuditPage(api.auditFolder, { limit: 1 });
    expect(items).toMatchObject([{ kind: 'refused', actor: 'the-viewer', status: 403 }]);
  });

  it('is not what was answered, nor what only is not there', async () => {
    expect(await linesOf({ url: '/healthz' })).toEqual({ statusCode: 200, lines: [] });
    const unknown = { url: '/api/v1/playbooks/none', headers: api.bearer('viewer') };
    expect(await linesOf(unknown)).toEqual({ statusCode: 404, lines: [] });
  });
});

it('writes at most so many lines a minute, and says later how many it has left out', () => {
  let now = 0;
  const lines: { refusal: Refusal; refusedUnsaid?: number }[] = [];
  const log = createRefusalLog({ warn: (line: (typeof lines)[number]) => void lines.push(line) } as never, () => now);
  for (let count = 0; count < 100; count++) log.add({ status: 401 });
  expect(lines).toHaveLength(60);
  now = 59_999;
  log.add({ status: 404 });
  expect(lines).toHaveLength(60);
  now = 60_000;
  log.add({ status: 403 });
  log.add({ status: 403 });
  expect(lines.slice(60)).toEqual([{ refusal: { status: 403 }, refusedUnsaid: 41 }, { refusal: { status: 403 } }]);
});

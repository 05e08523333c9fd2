import type { IncomingMessage } from 'node:http';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { callHttp, networkCode } from '../../../src/activities/http.ts';
import { askedWaitMs, retryAfterMs } from '../../../src/domain/retry-after.ts';
import type { HttpOperation } from '../../../src/domain/operation.ts';
import { failure } from '../../support/rejection.ts';
import { cleanUpAfterEach, closedPort, httpServer, setEnvironment, tcpServer, temporaryFolder } from './temporary.ts';

cleanUpAfterEach();

const call = (url: string, more: Partial<HttpOperation> = {}) =>
  callHttp({ operation: { kind: 'http', method: 'GET', url, ...more }, key: 'the-key' });

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

describe('a request', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('%s carries the key as Idempotency-Key', async (method) => {
    const { url, requests } = await httpServer((_request, response) => response.end());
    await call(url, { method });
    expect(requests[0]).toMatchObject({ method, headers: { 'idempotency-key': 'the-key' } });
  });

  test.each(['GET', 'HEAD'] as const)('%s carries none', async (method) => {
    const { url, requests } = await httpServer((_request, response) => response.end());
    expect(await call(url, { method })).toMatchObject({ httpStatus: 200 });
    expect(requests[0]?.method).toBe(method);
    expect(requests[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  test('keeps the Idempotency-Key and the content type that it is given', async () => {
    const { url, requests } = await httpServer((_request, response) => response.end());
    await call(url, {
      method: 'POST',
      headers: { 'Idempotency-Key': 'mine', 'Content-Type': 'text/plain' },
      body: 'x',
    });
    expect(requests[0]?.headers).toMatchObject({ 'idempotency-key': 'mine', 'content-type': 'text/plain' });
  });

  test('sends its body as JSON and gives the JSON of the answer', async () => {
    let seen: unknown;
    const { url, requests } = await httpServer(async (request, response) => {
      seen = JSON.parse(await bodyOf(request));
      response.end('{"done":true}');
    });
    expect(await call(url, { method: 'POST', body: { a: [1, null] } })).toMatchObject({
      httpStatus: 200,
      truncated: false,
      output: { done: true },
    });
    expect(seen).toEqual({ a: [1, null] });
    expect(requests[0]?.headers['content-type']).toBe('application/json');
  });

  test('gives an answer that is no JSON as text', async () => {
    const { url } = await httpServer((_request, response) => response.end('<p>fine</p>'));
    expect((await call(url)).output).toBe('<p>fine</p>');
  });

  test('reads a secret header at the moment of use', async () => {
    setEnvironment('RERAIL_TEST_TOKEN', 'Bearer abc');
    const file = path.join(temporaryFolder(), 'secret');
    writeFileSync(file, 'from-file\n');
    const { url, requests } = await httpServer((_request, response) => response.end());
    await call(url, {
      headers: { 'x-plain': '1' },
      secretHeaders: { authorization: 'env:RERAIL_TEST_TOKEN', 'x-key': `file:${file}` },
    });
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer abc', 'x-key': 'from-file', 'x-plain': '1' });
  });

  test('is not sent without its secret', async () => {
    const { url, requests } = await httpServer((_request, response) => response.end());
    expect(await failure(call(url, { secretHeaders: { authorization: 'env:RERAIL_TEST_NONE' } }))).toMatchObject({
      code: 'secret-not-found',
      nonRetryable: true,
    });
    expect(requests).toEqual([]);
  });

  test('a secret that is no header value is refused without being told', async () => {
    setEnvironment('RERAIL_TEST_TOKEN', 'line-one\nline-two');
    const error = await failure(call('http://127.0.0.1:1/', { secretHeaders: { 'x-key': 'env:RERAIL_TEST_TOKEN' } }));
    expect(error).toMatchObject({
      code: 'invalid-input',
      nonRetryable: true,
      message: expect.stringContaining('x-key'),
    });
    expect(error.message).not.toContain('line-');
  });
});

describe('an answer', () => {
  const status = async (
    code: number,
    more: Partial<HttpOperation> = {},
    headers: Record<string, string> = {},
    text = 'said no',
  ) => {
    const { url } = await httpServer((_request, response) => response.writeHead(code, headers).end(text));
    return call(url, more);
  };

  test.each([200, 201, 202, 299])('with status %d is a success', async (code) => {
    expect(await status(code)).toMatchObject({ httpStatus: code });
  });

  test.each([301, 304, 400, 404, 500])('with status %d is a failure that tells the status', async (code) => {
    expect(await failure(status(code))).toMatchObject({
      code: 'http-failed',
      details: { httpStatus: code },
      message: expect.stringContaining(`answered ${code}`),
    });
  });

  test('is judged by the expected statuses alone where they are given', async () => {
    expect(await status(404, { expectStatus: [404, 410] })).toMatchObject({ httpStatus: 404, output: 'said no' });
    expect(await failure(status(200, { expectStatus: [404] }))).toMatchObject({ details: { httpStatus: 200 } });
  });

  test('with a redirect is not followed', async () => {
    const { url, requests } = await httpServer((_request, response) =>
      response.writeHead(302, { location: '/elsewhere' }).end(),
    );
    expect(await failure(call(url))).toMatchObject({ details: { httpStatus: 302 } });
    expect(requests).toHaveLength(1);
  });

  test('with Retry-After in seconds tells the wait', async () => {
    expect((await failure(status(429, {}, { 'retry-after': '7' }))).details).toEqual({
      httpStatus: 429,
      retryAfterMs: 7000,
    });
  });

  test('with Retry-After as a date tells the wait', async () => {
    const { retryAfterMs: wait } = (
      await failure(status(503, {}, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }))
    ).details;
    expect(wait).toBeGreaterThan(3_500_000);
    expect(wait).toBeLessThanOrEqual(3_600_000);
  });

  test('without Retry-After tells none', async () => {
    expect((await failure(status(503))).details).toEqual({ httpStatus: 503 });
  });

  test('that repeats the secret is masked in the message', async () => {
    setEnvironment('RERAIL_TEST_TOKEN', 'correct horse');
    const error = await failure(
      status(401, { secretHeaders: { 'x-key': 'env:RERAIL_TEST_TOKEN' } }, {}, 'bad key: correct horse'),
    );
    expect(error.message).toContain('bad key: [redacted]');
  });

  test('of 1 MB is read up to its bound', async () => {
    const result = await status(200, {}, {}, 'x'.repeat(1024 * 1024));
    expect(result.truncated).toBe(true);
    expect(result.output).toBe('x'.repeat(64 * 1024));
  });

  test('of exactly the bound is whole', async () => {
    expect(await status(200, {}, {}, 'x'.repeat(64 * 1024))).toMatchObject({
      truncated: false,
      output: 'x'.repeat(64 * 1024),
    });
  });

  test('that never ends is read up to its bound', async () => {
    const { url } = await httpServer((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('y'.repeat(16_384)));
        response.once('drain', more);
      };
      more();
    });
    expect(await call(url)).toMatchObject({ truncated: true });
  });

  test('a failing one is told in part', async () => {
    expect((await failure(status(500, {}, {}, 'z'.repeat(100_000)))).message.length).toBeLessThan(1000);
  });
});

describe('no answer', () => {
  test('from a port where nobody listens', async () => {
    const error = await failure(call(`http://127.0.0.1:${await closedPort()}/x`));
    expect(error).toMatchObject({
      code: 'http-failed',
      nonRetryable: false,
      details: { code: 'ECONNREFUSED' },
      message: expect.stringMatching(/^GET .*\/x: ECONNREFUSED/),
    });
  });

  test('within the time-out', async () => {
    const { url } = await httpServer(() => undefined);
    expect(await failure(call(url, { timeout: '200ms' }))).toMatchObject({
      code: 'http-failed',
      details: { code: 'ETIMEDOUT' },
    });
  });

  test('in whole within the time-out', async () => {
    const { url } = await httpServer((_request, response) => {
      response.write('a beginning');
    });
    expect(await failure(call(url, { timeout: '200ms' }))).toMatchObject({
      code: 'http-failed',
      details: { code: 'ETIMEDOUT' },
    });
  });

  test('in whole since the connection broke', async () => {
    const { url } = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('a beginning', () => response.destroy());
    });
    expect(await failure(call(url))).toMatchObject({ code: 'http-failed', details: { code: 'UND_ERR_SOCKET' } });
  });

  test('but a closed connection', async () => {
    const port = await tcpServer((socket) => socket.destroy());
    expect(await failure(call(`http://127.0.0.1:${port}`))).toMatchObject({
      code: 'http-failed',
      details: { code: expect.stringMatching(/^(UND_ERR_SOCKET|ECONNRESET)$/) },
    });
  });

  test('but garbage', async () => {
    const port = await tcpServer((socket) => socket.end('\0\x01\x02 not HTTP\r\n\r\n'));
    expect(await failure(call(`http://127.0.0.1:${port}`))).toMatchObject({
      code: 'http-failed',
      details: { code: expect.stringMatching(/^HPE_/) },
    });
  });

  test('from a URL with a password, which is not told', async () => {
    const error = await failure(call('http://ann:correct-horse@127.0.0.1:1/'));
    expect(error.code).toBe('http-failed');
    expect(error.message).not.toContain('correct-horse');
  });
});

test.each([
  [null, undefined],
  ['', undefined],
  ['0', 0],
  ['1.5', 1500],
  ['-3', 0],
  ['soon', undefined],
  ['Thu, 01 Jan 1970 00:00:30 GMT', 20_000],
  ['Thu, 01 Jan 1970 00:00:05 GMT', 0],
])('retryAfterMs(%j) at 10 s is %s', (header, expected) => {
  expect(retryAfterMs(header, 10_000)).toBe(expected);
});

test.each([
  [503, { 'retry-after': '7', 'ratelimit-reset': '9' }, 7000],
  [429, { 'ratelimit-reset': '9' }, 9000],
  [429, { ratelimit: '"default";r=0;t=30' }, 30_000],
  [429, { 'x-ratelimit-reset': '1700000012' }, 12_000],
  [429, { 'x-ratelimit-reset': '1700000012000' }, 12_000],
  [429, { 'x-ratelimit-reset': '1699999999' }, 0],
  [429, { 'x-ratelimit-reset': 'soon' }, undefined],
  [403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1700000012' }, 12_000],
  [403, { 'x-ratelimit-remaining': '5', 'x-ratelimit-reset': '1700000012' }, undefined],
  [500, { 'x-ratelimit-reset': '1700000012' }, undefined],
  [429, {}, undefined],
])('an answer %i with %j asks for a wait of %s', (status, headers: Record<string, string>, expected) => {
  expect(askedWaitMs(status, (name) => headers[name] ?? null, 1_700_000_000_000)).toBe(expected);
});

test('networkCode finds the code in causes and in aggregates', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  expect(networkCode(new TypeError('fetch failed', { cause: refused }))).toBe('ECONNREFUSED');
  expect(networkCode(new TypeError('fetch failed', { cause: new AggregateError([refused, new Error('other')]) }))).toBe(
    'ECONNREFUSED',
  );
  expect(networkCode(new DOMException('too long', 'TimeoutError'))).toBe('ETIMEDOUT');
  expect(networkCode(new Error('odd'))).toBe('ENETWORK');
  expect(networkCode('odd')).toBe('ENETWORK');
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FailureSchema } from '../../../src/domain/failure.schema.ts';
import { failureFromError } from '../../../src/telemetry/failure-from-error.ts';

describe('failureFromError', () => {
  test('reads an error with its causes, the outermost first', () => {
    const root = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const error = new RangeError('outer', { cause: new TypeError('middle', { cause: root }) });
    expect(failureFromError(error)).toEqual({
      message: 'outer',
      errorName: 'RangeError',
      causes: [
        { name: 'TypeError', message: 'middle' },
        { name: 'Error', code: 'ECONNREFUSED', message: 'refused' },
      ],
    });
  });

  test.each([
    ['a string', 'it broke', 'it broke'],
    ['nothing', undefined, 'undefined was thrown'],
    ['null', null, 'null was thrown'],
    ['a number', 7, '7'],
    ['an object', { a: 1 }, '{"a":1}'],
    ['an object with a message', { message: 'm' }, 'm'],
    ['an error without a message', new TypeError(), 'TypeError'],
    ['an empty string', '', 'an error without a message'],
  ])('reads %s', (_what, value, message) => {
    expect(failureFromError(value).message).toBe(message);
  });

  test('ends at a circle, at endless causes and at getters that throw', () => {
    const circle = new Error('a');
    circle.cause = new Error('b', { cause: circle });
    expect(failureFromError(circle).causes).toHaveLength(1);
    let deep = new Error('0');
    for (let i = 1; i < 1000; i++) deep = new Error(String(i), { cause: deep });
    expect(failureFromError(deep).causes).toHaveLength(20);
    const hostile = new Proxy(new Error('x'), {
      get: () => {
        throw new Error('no');
      },
    });
    expect(failureFromError(hostile).message).not.toBe('');
  });

  test('bounds every text and masks secrets before it cuts them', () => {
    const secret = `ghp_${'a1'.repeat(18)}`;
    const error = Object.assign(
      new Error(`${'x'.repeat(9_980)} ${secret} ${'y'.repeat(99_999)}`, {
        cause: new Error(`password=${'s3cret'.repeat(9)}`),
      }),
      {
        stderr: `${'z'.repeat(99_999)} token=${secret}`,
      },
    );
    const fields = failureFromError(error);
    expect(JSON.stringify(fields)).not.toMatch(/ghp_|s3cret/);
    expect(fields.message.length).toBeLessThanOrEqual(10_000);
    expect(fields.stderr?.length).toBeLessThanOrEqual(16_000);
    expect(fields.stderr).toContain('[redacted]');
  });

  test.each([
    ['status of a client', { status: 503 }, { httpStatus: 503 }],
    [
      'statusCode of a client',
      { statusCode: 429, headers: { 'Retry-After': '3' } },
      { httpStatus: 429, retryAfter: '3s' },
    ],
    [
      'response of a client',
      { response: { status: 500, headers: new Headers({ 'retry-after': '1' }) } },
      { httpStatus: 500, retryAfter: '1s' },
    ],
    [
      'status of a synchronous child process',
      { pid: 1, status: 300, stderr: Buffer.from('e') },
      { exitCode: 300, stderr: 'e' },
    ],
    ['code of a child process', { killed: false, code: 2 }, { exitCode: 2 }],
    ['exitCode and signal', { exitCode: 1, signal: 'SIGTERM' }, { exitCode: 1, signal: 'SIGTERM' }],
    ['code of gRPC', { code: 14, metadata: {} }, { code: 'UNAVAILABLE' }],
  ])('reads %s', (_what, given, fields) => {
    const found = failureFromError(Object.assign(new Error('m'), given));
    expect(found).toMatchObject(fields);
    if (!('httpStatus' in fields)) expect(found).not.toHaveProperty('httpStatus');
  });

  test('whatever is thrown becomes a valid failure', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        FailureSchema.parse({ target: 'a/b', ...failureFromError(value) });
        FailureSchema.parse({ target: 'a/b', ...failureFromError(Object.assign(new Error('e'), { cause: value })) });
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRedactor, MASK } from '../../src/telemetry/redact.ts';

const redact = createRedactor(['hunter2-prod', 'multi\nline-secret', 'abc', '']);

describe('redact', () => {
  test.each([
    ['a given value', 'login as hunter2-prod now', `login as ${MASK} now`],
    ['a line of a given value', 'x line-secret y', `x ${MASK} y`],
    ['an AWS key id', 'id AKIAIOSFODNN7EXAMPLE.', `id ${MASK}.`],
    ['an AWS secret', 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG', `AWS_SECRET_ACCESS_KEY=${MASK}`],
    ['a GitHub token', `push with ghp_${'a1'.repeat(18)}`, `push with ${MASK}`],
    ['a Slack token', 'xoxb-1234567890-abcdef', MASK],
    ['an npm token', `//registry/:_authToken=npm_${'x'.repeat(36)}`, `//registry/:_authToken=${MASK}`],
    ['a bearer header', 'Authorization: Bearer abc.def-123456', `Authorization: Bearer ${MASK}`],
    ['a basic header', 'Authorization: Basic dXNlcjpwYXNz0w==', `Authorization: Basic ${MASK}`],
    ['a password pair', 'PGPASSWORD=s3cret psql', `PGPASSWORD=${MASK} psql`],
    ['a quoted password with blanks', 'password: "correct horse"', `password: "${MASK}"`],
    ['a JSON field', '{"apiKey":"k-1","user":"ann"}', `{"apiKey":"${MASK}","user":"ann"}`],
    ['a token pair', 'url?token=abc123&x=1', `url?token=${MASK}&x=1`],
    ['a flag', 'mysql --password s3cret -h db', `mysql --password ${MASK} -h db`],
    ['a URL with credentials', 'postgres://ann:s3cret@db:5432/x', `postgres://ann:${MASK}@db:5432/x`],
    ['a URL with a token for a user', 'https://s3cret@github.com/x', `https://${MASK}@github.com/x`],
    ['a JSON web token', 'eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.sig', MASK],
    ['a private key', 'a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb', `a\n${MASK}\nb`],
    ['a private key cut short', '-----BEGIN PRIVATE KEY-----\nMIIE', MASK],
  ])('masks %s', (_what, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test.each([
    'password authentication failed for user "ann"',
    'SyntaxError: Unexpected token } in JSON at position 4',
    'connect ECONNREFUSED 127.0.0.1:5432',
    'https://example.com:8080/a?mail=ann@example.com',
    'a Basic understanding of Bearer tokens',
    'the abc of it',
  ])('leaves alone: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('never throws, and masking twice changes nothing', () => {
    const fragment = fc.oneof(
      fc.string(),
      fc.constantFrom('password=', 'token: ', 'Bearer ', MASK, 'AKIAIOSFODNN7EXAMPLE', 'https://', '@', '"', '[red'),
    );
    const text = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.oneof(fc.string(), fragment)), (input, secrets) => {
        const redactWith = createRedactor(secrets);
        const once = redactWith(input);
        expect(redactWith(once)).toBe(once);
      }),
      { numRuns: 2000 },
    );
  });

  test('a given value never survives outside of masks', () => {
    const secret = fc.string({ minLength: 4 }).filter((value) => !MASK.includes(value));
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        const parts = createRedactor([value])(`${before}${value}${after}`).split(MASK);
        expect(parts.some((part) => part.includes(value))).toBe(false);
      }),
    );
  });

  test('takes large output in its stride', () => {
    const lines = 'x'.repeat(200_000) + ' password'.repeat(20_000) + '\nhttps://'.repeat(20_000);
    expect(redact(lines)).toBe(lines);
  });
});

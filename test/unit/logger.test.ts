import { expect, test } from 'vitest';
import { createLogger } from '../../src/telemetry/logger.ts';

function capture(format: 'json' | 'text') {
  const lines: string[] = [];
  return { lines, logger: createLogger({ format, write: (line) => lines.push(line) }) };
}

test('writes one JSON object a line, without secrets in fields, text or errors', () => {
  const { lines, logger } = capture('json');
  logger.info(
    { target: 'release/web', auth: { token: 'abc' }, err: new Error('password=s3cret refused') },
    'with token=xyz',
  );

  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 30, msg: 'with token=[redacted]', target: 'release/web' });
  expect(lines[0]).not.toMatch(/abc|s3cret|xyz/);
});

test('writes one line of text for people', () => {
  const { lines, logger } = capture('text');
  logger.warn({ target: 'a b', err: new Error('it broke') }, 'two\nlines');

  expect(lines).toHaveLength(1);
  expect(lines[0]?.replaceAll(/\u001b\[\d+m/g, '')).toMatch(
    /^\d\d:\d\d:\d\d warn {2}two \| lines target="a b" error="it broke"\n$/,
  );
});

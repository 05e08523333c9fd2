import { describe, expect, test } from 'vitest';
import { DurationSchema } from '../../src/domain/duration.schema.ts';
import { formatMs, toMs } from '../../src/domain/duration.ts';

describe('DurationSchema', () => {
  test.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['2 hours', 7_200_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
    ['250ms', 250],
  ])('takes %s', (text, milliseconds) => {
    expect(toMs(DurationSchema.parse(text))).toBe(milliseconds);
  });

  test.each(['', ' ', 'abc', '90', '-5s', '-1', '5 parsecs', 90, null])('refuses %j', (value) => {
    expect(DurationSchema.safeParse(value).success).toBe(false);
  });

  test.each([
    ['1h30m', '"90m"'],
    ['1m30s', '"90s"'],
    ['1h 60m', '"2h"'],
  ])('refuses the compound %s and says how to write it', (text, hint) => {
    const { error } = DurationSchema.safeParse(text);
    expect(error?.issues[0]?.message).toContain(`write ${hint}`);
  });
});

test.each([
  [0, '0ms'],
  [850, '850ms'],
  [1234, '1.23s'],
  [12_340, '12.3s'],
  [245_000, '4m 05s'],
  [3_725_000, '1h 02m'],
])('formatMs(%d) is %s', (milliseconds, text) => {
  expect(formatMs(milliseconds)).toBe(text);
});

import { expect, it } from 'vitest';
import { checkClock } from '../../../src/cli/commands/doctor-checks.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

it.each([
  ['a poll of a moment ago', [now - 1000, now - 600_000], 'ok'],
  ['a poll that is still to come', [now + 60_000], 'error'],
  ['only polls of long ago', [now - 600_000], 'warning'],
  ['no worker to go by', [], 'ok'],
])('compares the clock with %s', (_what, seen, level) => {
  expect(checkClock(seen, now).level).toBe(level);
});

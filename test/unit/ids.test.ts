import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CheckpointIdSchema } from '../../src/domain/checkpoint.schema.ts';
import { newId } from '../../src/domain/ids.ts';

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('newId', () => {
  test('sorts by time, whatever the chance', () => {
    fc.assert(
      fc.property(time, time, random, random, (a, b, x, y) => {
        fc.pre(a < b);
        expect(newId('cp', a, () => x) < newId('cp', b, () => y)).toBe(true);
      }),
    );
  });

  test('is a prefix and 26 letters and digits without I, L, O and U', () => {
    fc.assert(
      fc.property(time, random, (now, chance) => {
        const id = newId('cp', now, () => chance);
        expect(id).toMatch(/^cp_[0-9A-HJKMNP-TV-Z]{26}$/);
        expect(CheckpointIdSchema.safeParse(id).success).toBe(true);
      }),
    );
  });

  test('is the same for the same clock and chance, as a replay needs', () => {
    expect(newId('cp', 1_700_000_000_000, () => 0.5)).toBe(newId('cp', 1_700_000_000_000, () => 0.5));
    expect(newId('cp', 0, () => 0)).toBe(`cp_${'0'.repeat(26)}`);
  });

  test('does not repeat', () => {
    const now = Date.now();
    expect(new Set(Array.from({ length: 10_000 }, () => newId('cp', now))).size).toBe(10_000);
  });
});

import { expect, it } from 'vitest';
import { listFailpoints } from './failpoints.ts';
import { killChildren } from './kills.ts';

it('killed at every failpoint and at random moments: no torn tree, no acknowledged checkpoint lost', async () => {
  const { counts, violations } = await killChildren({ kills: 3, seed: 20_260_101, tell: () => undefined });
  expect(violations).toEqual([]);
  expect(counts['kills at failpoints']).toBe(listFailpoints().length);
  expect(counts['kills']).toBeGreaterThanOrEqual(3);
}, 180_000);

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { PACKAGES } from '../../../scripts/lib/system-packages.mjs';

const TESTS = fileURLToPath(new URL('../..', import.meta.url));
/** What the machine allows, which no package brings. */
const OF_THE_MACHINE = /^(!?isRoot|!?hasOtherDisk|memoryGroup|!mayDropCaches)\b/;

const conditionsOf = (file: string): string[] =>
  [...readFileSync(path.join(TESTS, file), 'utf8').matchAll(/\.skipIf\(([^\n]*)/g)].map(
    ([, condition = '']) => condition,
  );

it('names every suite that is skipped where a program is missing', () => {
  const skipped = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .filter((file) => conditionsOf(file).some((condition) => !OF_THE_MACHINE.test(condition)))
    .map((file) => path.basename(file, '.test.ts'));
  expect(skipped).toContain('providers-postgres');
  const named = PACKAGES.flatMap(({ suites }) => suites());
  expect(skipped.filter((suite) => !named.includes(suite))).toEqual([]);
});

it.each(PACKAGES.map(({ aptPackage, suites }) => ({ aptPackage, suites })))(
  '$aptPackage is needed by a suite',
  ({ suites }) => {
    expect(suites()).not.toEqual([]);
  },
);

import { parseArgs } from 'node:util';
import { failure, runMain } from '../lib/failure.mjs';
import { ASSUMPTIONS, assumptionsOf, type Assumptions } from './assumptions.ts';
import { modelMarkdown } from './scaling-markdown.ts';
import { readScale, writePage } from './write-page.ts';

const OPTIONS = Object.fromEntries(ASSUMPTIONS.map(({ flag }) => [flag.slice(2), { type: 'string' } as const]));

/** Undefined where nothing is assumed otherwise. */
function readWords(): Assumptions | undefined {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    return Object.keys(values).length === 0 ? undefined : assumptionsOf(values);
  } catch (error) {
    const remedy = `Use ${ASSUMPTIONS.map(({ flag }) => flag).join(', ')}, each with a number.`;
    throw failure(error instanceof Error ? error.message : String(error), remedy);
  }
}

/** Writes docs/scaling.md from what was measured; with assumptions of one's own it prints the model instead. */
await runMain(async () => {
  const assumed = readWords();
  if (assumed === undefined) {
    await writePage();
    process.stderr.write('docs/scaling.md is written.\n');
  } else process.stdout.write(`${modelMarkdown(await readScale(), assumed)}\n`);
  return 0;
});

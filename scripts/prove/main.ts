import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { failure, runMain } from '../lib/failure.mjs';
import { inRoot } from '../lib/paths.mjs';
import { setUp } from '../lib/set-up.mjs';
import { measurePart } from './measure-part.ts';
import { PART_NAMES, type PartName } from './parts.ts';
import { ResultSchema } from './result.ts';
import { readRow, resultsMarkdown, type Results } from './results-markdown.ts';
import { ROWS } from './rows.ts';
import { writePage } from '../scale/write-page.ts';

const fileOf = (name: PartName): string => inRoot('docs', 'results', `${name}.json`);

async function readResults(): Promise<Results> {
  const results: Results = {};
  for (const name of PART_NAMES) {
    const text = await readFile(fileOf(name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text !== undefined) results[name] = ResultSchema.parse(JSON.parse(text));
  }
  return results;
}

function chosen(only: readonly string[]): readonly PartName[] {
  const wanted = only.flatMap((words) => words.split(','));
  const unknown = wanted.find((word) => !PART_NAMES.includes(word as PartName));
  if (unknown !== undefined)
    throw failure(`--only: there is no part "${unknown}"`, `Use some of: ${PART_NAMES.join(', ')}.`);
  return wanted.length === 0 ? PART_NAMES : PART_NAMES.filter((name) => wanted.includes(name));
}

function readWords() {
  const options = {
    only: { type: 'string', multiple: true, default: [] as string[] },
    full: { type: 'boolean', default: false },
    render: { type: 'boolean', default: false },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw failure(error instanceof Error ? error.message : String(error), 'Use --only PARTS, --full, --render.');
  }
}

/** Measures, keeps what each part printed, and writes RESULTS.md from all that is kept. */
await runMain(async () => {
  const { only, full, render } = readWords();
  const names = render ? [] : chosen(only);
  if (names.length > 0) {
    const { serverPath } = await setUp({ ownServer: true });
    await mkdir(inRoot('docs', 'results'), { recursive: true });
    for (const name of names) {
      process.stderr.write(`\n${name}\n`);
      const result = await measurePart(name, { serverPath, full });
      await writeFile(fileOf(name), `${JSON.stringify(result, null, 1)}\n`);
    }
  }
  const results = await readResults();
  if (results.scale?.exitCode === 0) await writePage();
  await writeFile(inRoot('RESULTS.md'), resultsMarkdown(ROWS, results));
  const bad = ROWS.map((row) => readRow(row, results)).filter(
    ({ verdict }) => verdict === 'missed' || verdict === 'failed',
  );
  for (const { row, verdict, figure } of bad)
    process.stderr.write(`${verdict}: ${row.requirement} ${row.what}: ${figure}\n`);
  process.stderr.write(`RESULTS.md is written; ${bad.length} rows are missed or failed.\n`);
  return bad.length === 0 ? 0 : 1;
});

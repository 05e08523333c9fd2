import { readFile, writeFile } from 'node:fs/promises';
import { failure } from '../lib/failure.mjs';
import { inRoot } from '../lib/paths.mjs';
import { ResultSchema, type Result } from '../prove/result.ts';
import { defaultAssumptions } from './assumptions.ts';
import { scalingMarkdown } from './scaling-markdown.ts';

const RESULTS = inRoot('docs', 'results', 'scale.json');
const PAGE = inRoot('docs', 'scaling.md');

/** What `npm run prove -- --only scale` has kept. Throws with what to do where there is nothing. */
export async function readScale(): Promise<Result> {
  const text = await readFile(RESULTS, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw failure('docs/results/scale.json does not exist', 'Run `npm run prove -- --only scale`.');
  });
  const result = ResultSchema.parse(JSON.parse(text));
  if (result.output === undefined)
    throw failure(`the bench has printed nothing: ${result.said ?? ''}`, 'Run `npm run prove -- --only scale` again.');
  return result;
}

export async function makePage(): Promise<string> {
  const template = await readFile(inRoot('scripts', 'scale', 'scaling.template.md'), 'utf8');
  return scalingMarkdown(await readScale(), template, defaultAssumptions());
}

export const writePage = async (): Promise<void> => writeFile(PAGE, await makePage());

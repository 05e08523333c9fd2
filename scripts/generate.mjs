import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runMain } from './lib/failure.mjs';
import { cliReference } from './lib/generate-cli-reference.mjs';
import { errorReference } from './lib/generate-error-reference.mjs';
import { jsonSchema } from './lib/generate-json-schema.mjs';
import { inRoot } from './lib/paths.mjs';

const compiled = (path) => import(pathToFileURL(inRoot('dist', path)).href);

/** Committed files that come from the code. `needs` is the compiled module that they come from. */
const GENERATORS = [
  {
    file: 'docs/reference/playbook.schema.json',
    needs: 'domain/playbook.schema.js',
    produce: ({ PlaybookSchema }) => jsonSchema('Rerail playbook', PlaybookSchema),
  },
  {
    file: 'docs/reference/pipeline.schema.json',
    needs: 'domain/pipeline.schema.js',
    produce: ({ PipelineSchema }) => jsonSchema('Rerail pipeline', PipelineSchema),
  },
  {
    file: 'docs/reference/errors.md',
    needs: 'domain/errors.js',
    produce: ({ ERROR_CODES }) => errorReference(ERROR_CODES),
  },
  {
    file: 'docs/reference/cli.md',
    needs: 'cli/program.js',
    produce: async ({ createProgram }) => cliReference(await createProgram()),
  },
];

async function produce({ file, needs, produce: run }) {
  if (existsSync(inRoot('dist', needs))) return { file, text: await run(await compiled(needs)) };
  process.stderr.write(`skipped ${file}: dist/${needs} does not exist (run \`npm run build\`)\n`);
  return undefined;
}

const isCurrent = ({ file, text }) => existsSync(inRoot(file)) && readFileSync(inRoot(file), 'utf8') === text;

await runMain(async () => {
  const produced = [];
  for (const generator of GENERATORS) produced.push(await produce(generator));
  const drifted = produced.filter((result) => result && !isCurrent(result));
  if (process.argv.includes('--check')) {
    for (const { file } of drifted) process.stderr.write(`drifted: ${file}\n`);
    if (drifted.length > 0) process.stderr.write('  fix: run `npm run generate` and commit the result\n');
    return drifted.length > 0 ? 1 : 0;
  }
  for (const { file, text } of drifted) {
    mkdirSync(dirname(inRoot(file)), { recursive: true });
    writeFileSync(inRoot(file), text);
    process.stderr.write(`wrote ${file}\n`);
  }
  return 0;
});

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runMain } from './lib/failure.mjs';
import { apiReference } from './lib/generate-api-reference.mjs';
import { cliReference } from './lib/generate-cli-reference.mjs';
import { errorPages } from './lib/generate-error-pages.mjs';
import { errorReference } from './lib/generate-error-reference.mjs';
import { playbookReference } from './lib/generate-playbook-reference.mjs';
import { inRoot } from './lib/paths.mjs';

const compiled = (path) => import(pathToFileURL(inRoot('dist', path)).href);

/** Of each kind of definition: its file under docs/reference, the compiled module, what it exports, and its name. */
const SCHEMAS = [
  ['playbook', 'playbook', 'PlaybookSchema', 'playbook'],
  ['component', 'component', 'ComponentSchema', 'component'],
  ['classification-rules', 'classification-rules', 'ClassificationRulesSchema', 'classification rules'],
  ['pipeline', 'pipeline', 'PipelineSchema', 'pipeline'],
  ['transaction', 'transaction', 'TransactionSchema', 'transaction'],
  ['notifications', 'notification', 'NotificationsSchema', 'notifications'],
  ['drill', 'drill', 'DrillSchema', 'drill'],
  ['monitor', 'monitor', 'MonitorSchema', 'monitor'],
  ['alert-rules', 'alert', 'AlertRulesSchema', 'alert rules'],
];

/** Committed files that come from the code. `needs` is the compiled module that they come from. */
const GENERATORS = [
  ...SCHEMAS.map(([file, module, name, title]) => ({
    file: `docs/reference/${file}.schema.json`,
    needs: `domain/${module}.schema.js`,
    produce: async ({ [name]: schema }) =>
      (await compiled('config/json-schema.js')).jsonSchemaText(`Rerail ${title}`, schema),
  })),
  {
    file: 'docs/reference/playbooks.md',
    needs: 'config/load-playbooks.js',
    produce: async ({ loadPlaybooks }) =>
      playbookReference(await loadPlaybooks(), await compiled('planner/undo-coverage.js')),
  },
  {
    file: 'docs/reference/openapi.json',
    needs: 'api/openapi.js',
    produce: ({ openApiDocument }) => `${JSON.stringify(openApiDocument(), null, 2)}\n`,
  },
  {
    file: 'docs/reference/api.md',
    needs: 'api/openapi.js',
    produce: ({ openApiDocument }) => apiReference(openApiDocument()),
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

/** Those that make a page for each thing of a kind. */
const PAGES = [
  {
    needs: 'cli/exit-codes.js',
    async produce({ exitCodeOf }) {
      const { ERROR_CODES, RerailError } = await compiled('domain/errors.js');
      const { STATUS_OF_CODE, titleOf } = await compiled('api/problem-statuses.js');
      return errorPages(ERROR_CODES, {
        exitCodeOf: (code) => exitCodeOf(new RerailError(code, '')),
        statusOf: (code) => STATUS_OF_CODE[code] ?? 500,
        titleOf,
      });
    },
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
  for (const { needs, produce: run } of PAGES)
    if (existsSync(inRoot('dist', needs))) produced.push(...(await run(await compiled(needs))));
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

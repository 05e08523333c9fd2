import { chmodSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { bundleWorkflowCode } from '@temporalio/worker';
import { failure, runMain } from './lib/failure.mjs';
import { bundleLazyImports } from '../dist/workflow-bundling.js';
import { inRoot } from './lib/paths.mjs';

const silent = () => undefined;
const problems = [];
const logger = {
  log: silent,
  trace: silent,
  debug: silent,
  info: silent,
  warn: (message) => problems.push(message),
  error: (message) => problems.push(message),
};

await runMain(async () => {
  const workflowsPath = inRoot('dist/workflows/index.js');
  if (!existsSync(workflowsPath))
    throw failure(`${workflowsPath} does not exist`, 'Run `npm run build`, which compiles it first.');
  try {
    const { code } = await bundleWorkflowCode({
      workflowsPath,
      failureConverterPath: inRoot('dist/workflows/failure-converter.js'),
      workflowInterceptorModules: [
        inRoot('dist/workflows/refuse-undecodable.js'),
        inRoot('dist/workflows/trace-workflows.js'),
      ],
      webpackConfigHook: bundleLazyImports,
      logger,
    });
    const file = inRoot('dist/workflow-bundle.js');
    // A worker that starts right now must not read half of it.
    writeFileSync(`${file}.new`, code);
    renameSync(`${file}.new`, file);
    // tsc writes no executable files, and `npx rerail` in a clone runs this one.
    chmodSync(inRoot('dist/cli/main.js'), 0o755);
  } catch (error) {
    throw failure(
      `the workflows cannot be bundled: ${error.message}\n${problems.join('\n')}`,
      'Workflow code may import only what is safe in the sandbox; `npm run check:layers` names the import.',
      error,
    );
  }
});

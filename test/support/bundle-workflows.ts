import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { bundleLazyImports } from '../../src/workflow-bundling.ts';

const WORKFLOWS = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url));
const FAILURE_CONVERTER = fileURLToPath(new URL('../../src/workflows/failure-converter.ts', import.meta.url));
const INTERCEPTORS = [
  fileURLToPath(new URL('../../src/workflows/refuse-undecodable.ts', import.meta.url)),
  fileURLToPath(new URL('../../src/workflows/trace-workflows.ts', import.meta.url)),
];

const silent = () => undefined;
const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: console.error };

/** Bundles once for all suites of a run, 3 s or so; an empty path while there are no workflows yet. */
export async function bundleWorkflows(directory: string): Promise<string> {
  if (!existsSync(WORKFLOWS)) return '';
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    failureConverterPath: FAILURE_CONVERTER,
    workflowInterceptorModules: INTERCEPTORS,
    webpackConfigHook: bundleLazyImports,
    logger,
  });
  const path = join(directory, 'workflow-bundle.js');
  await writeFile(path, code);
  return path;
}

import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const silent = () => undefined;
const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: console.error };

/** Suites of one process share it: bundling takes seconds. */
let bundled: Promise<{ code: string }> | undefined;

/** Workflows of a user beside ours, with the interceptor. */
export const bundleUserWorkflows = (): Promise<{ code: string }> =>
  (bundled ??= bundleWorkflowCode({
    workflowsPath: here('./workflows.ts'),
    workflowInterceptorModules: [here('./interceptor.ts')],
    logger,
  }));

/** The same as a later deployment would have it, whose rules match nothing. */
export async function withoutRules(): Promise<{ code: string }> {
  const { code } = await bundleUserWorkflows();
  return { code: code.replaceAll('rules-in-force', 'rules-taken-away') };
}

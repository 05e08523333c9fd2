import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkerOptions } from '@temporalio/worker';
import { encryptFailures } from './encryption/encrypt-failures.ts';

const built = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** The bundle that the build made, or the workflows' source. Encrypted: failures of workflows hide their texts. */
export async function workflowSource(
  encrypted = false,
): Promise<Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'bundlerOptions'>> {
  const codePath = built('./workflow-bundle.js');
  if (!existsSync(codePath)) return { workflowsPath: built(`./workflows/index${path.extname(import.meta.url)}`) };
  if (!encrypted) return { workflowBundle: { codePath } };
  return { workflowBundle: { code: encryptFailures(await readFile(codePath, 'utf8')) } };
}

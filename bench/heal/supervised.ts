// Processes that the host of the bench keeps running, all of them under the same limits.
import path from 'node:path';
import {
  listProcessNames,
  lookAtRun,
  openProcessFolder,
  treeOfRun,
} from '../../src/activities/processes/process-folder.ts';
import { endTree } from '../../src/process/process-tree.ts';

/** One fault follows the other at once. */
export const LIMITS = { minUptime: '1ms', startLimitBurst: 100, startLimitInterval: '1s' };

const processesOf = (folder: string): string => path.join(folder, 'data/processes');

async function pidOf(folder: string, name: string): Promise<number> {
  const run = await (await openProcessFolder(processesOf(folder), name)).latest();
  const pid = run && (await lookAtRun(run)).process?.pid;
  if (pid === undefined) throw new Error(`process ${name} was never started`);
  return pid;
}

export async function killSupervised(folder: string, name: string): Promise<void> {
  process.kill(await pidOf(folder, name), 'SIGKILL');
}

export async function endSupervised(folder: string): Promise<void> {
  for (const name of await listProcessNames(processesOf(folder)))
    for (const run of await (await openProcessFolder(processesOf(folder), name)).runs())
      await endTree(treeOfRun(run, await lookAtRun(run)), { signal: 'SIGKILL', timeoutMs: 0 });
}

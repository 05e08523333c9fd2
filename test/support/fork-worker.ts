import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from './node-command.ts';

/** `rerail worker` from the build, once it is ready. It ends with this process, however that one ends. */
export async function forkWorker(
  cwd: string,
  settings: Record<`RERAIL_${string}`, string>,
  environment: Readonly<Record<string, string>> = {},
): Promise<ChildProcess> {
  const child = fork(join(projectRoot, 'dist/cli/main.js'), ['worker'], {
    execArgv: [],
    cwd,
    env: {
      PATH: process.env['PATH'],
      HOME: cwd,
      RERAIL_STORE_CARE: 'off',
      RERAIL_LOG_LEVEL: 'silent',
      ...settings,
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  if (said !== 'ready') throw new Error(`the worker ended with ${String(said)}`);
  return child;
}

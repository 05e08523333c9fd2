import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { inRoot, root } from './paths.mjs';

export const MAIN = inRoot('dist', 'cli', 'main.js');

export interface OwnSystem {
  /** Address of its API. */
  api: string;
  /** For commands that are to talk to it. */
  env: NodeJS.ProcessEnv;
}

/** Server, worker and API on free ports, with their data in this folder, which stays; ended when the work is. */
export async function withOwnSystem<T>(
  folder: string,
  settings: NodeJS.ProcessEnv,
  work: (system: OwnSystem) => Promise<T>,
): Promise<T> {
  const env = {
    ...process.env,
    RERAIL_DATA_DIR: join(folder, 'data'),
    RERAIL_SERVER_PORT: '0',
    RERAIL_UI_PORT: '0',
    RERAIL_API_PORT: '0',
    RERAIL_LOG_LEVEL: 'error',
    ...settings,
  };
  const up = spawn(process.execPath, [MAIN, 'up', '-o', 'jsonl'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(up, 'exit');
  try {
    const ready = new Promise<string>((resolve) => {
      // Its lines are read to the end: a program whose output is closed is a program that stops.
      createInterface({ input: up.stdout }).on('line', (line) => {
        const { event, apiAddress } = JSON.parse(line) as { event?: string; apiAddress?: string };
        if (event === 'up' && apiAddress !== undefined) resolve(apiAddress);
      });
    });
    const over = ended.then(([code]) => Promise.reject(new Error(`rerail up ended with ${String(code)}`)));
    return await work({ api: await Promise.race([ready, over]), env });
  } finally {
    if (up.exitCode === null) up.kill('SIGINT');
    await ended;
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { holdersOf } from '../../test/chaos/suite/leftovers.ts';
import { inRoot, root } from '../lib/paths.mjs';
import { runCommand, type Ended } from './run-command.ts';

const MAIN = inRoot('dist', 'cli', 'main.js');

/** The reports among the lines that `rerail drill run -o jsonl` prints. */
export function findDrillReports(lines: string): object[] {
  return lines.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const found = JSON.parse(line) as { verdict?: string };
    return found.verdict === undefined ? [] : [found];
  });
}

/** What still runs, is mounted or lies there when the system that ran the drills has ended. */
async function leftBy(directory: string): Promise<string[]> {
  const sandboxes = await readdir(join(directory, 'data', 'drills')).catch(() => []);
  return [...holdersOf(directory), ...sandboxes.map((name) => `sandbox ${name}`)];
}

/** All built-in drills on a system of their own, which is taken away afterwards. */
export async function runDrills(serverPath: string): Promise<Ended & { output: object[] | undefined }> {
  const directory = await mkdtemp(join(tmpdir(), 'rerail-prove-'));
  const env = {
    ...process.env,
    RERAIL_TEMPORAL_BIN: serverPath,
    RERAIL_DATA_DIR: join(directory, 'data'),
    RERAIL_HOST: 'prove',
    RERAIL_SERVER_PORT: '0',
    RERAIL_UI_PORT: '0',
    RERAIL_API_PORT: '0',
    RERAIL_LOG_LEVEL: 'error',
  };
  const up = spawn(process.execPath, [MAIN, 'up', '-o', 'jsonl'], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(up, 'exit');
  const stop = async (): Promise<void> => {
    if (up.exitCode === null) up.kill('SIGINT');
    await ended;
  };
  try {
    const ready = new Promise<void>((resolve) => {
      createInterface({ input: up.stderr }).on('line', (line) => {
        process.stderr.write(`${line}\n`);
        if (line.includes('Ctrl-C stops it')) resolve();
      });
    });
    await Promise.race([
      ready,
      ended.then(([code]) => Promise.reject(new Error(`rerail up ended with ${String(code)}`))),
    ]);
    const run = await runCommand(process.execPath, [MAIN, 'drill', 'run', '-o', 'jsonl'], env);
    const reports = findDrillReports(run.stdout);
    await stop();
    const output = reports.length === 0 ? undefined : [...reports, { leftovers: await leftBy(directory) }];
    return { ...run, output };
  } finally {
    await stop();
    await rm(directory, { recursive: true, force: true });
  }
}

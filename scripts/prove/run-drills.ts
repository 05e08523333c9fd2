import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdersOf } from '../../test/chaos/suite/leftovers.ts';
import { MAIN, withOwnSystem } from '../lib/own-system.ts';
import { runCommand, type Ended } from './run-command.ts';

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
  const settings = { RERAIL_TEMPORAL_BIN: serverPath, RERAIL_HOST: 'prove' };
  try {
    const run = await withOwnSystem(directory, settings, ({ env }) =>
      runCommand(process.execPath, [MAIN, 'drill', 'run', '-o', 'jsonl'], env),
    );
    const reports = findDrillReports(run.stdout);
    const output = reports.length === 0 ? undefined : [...reports, { leftovers: await leftBy(directory) }];
    return { ...run, output };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

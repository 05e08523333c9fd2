import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { holdersOf } from '../../test/chaos/suite/leftovers.ts';
import { MAIN, withOwnSystem } from '../lib/own-system.ts';
import { runCommand, type Ended } from './run-command.ts';

/** What was read of a drill that has passed says no more than that; JSON leaves it out. */
const NOT_KEPT = { before: undefined, broken: undefined, after: undefined };

/** The reports among the lines that `rerail drill run -o jsonl` prints. */
export function findDrillReports(lines: string): object[] {
  return lines.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const found = JSON.parse(line) as { verdict?: string };
    if (found.verdict === undefined) return [];
    return [found.verdict === 'passed' ? { ...found, ...NOT_KEPT } : found];
  });
}

const temporaryOf = (directory: string): string => join(directory, 'tmp');

/** Whatever a drill may leave where the system that ran it has ended: what runs, is mounted, or lies where drills make things. */
export async function leftBy(directory: string): Promise<string[]> {
  const data = join(directory, 'data');
  const places = [
    { kind: 'sandbox', folder: join(data, 'drills'), isLeft: () => true },
    { kind: 'process record', folder: join(data, 'processes'), isLeft: (name: string) => name.startsWith('drill-') },
    { kind: 'temporary', folder: temporaryOf(directory), isLeft: () => true },
  ];
  const found = places.map(async ({ kind, folder, isLeft }) =>
    (await readdir(folder).catch(() => [])).filter(isLeft).map((name) => `${kind} ${name}`),
  );
  return [...holdersOf(directory), ...(await Promise.all(found)).flat()];
}

/** All of them again and again; what fails once has failed. */
async function runTimes(times: number, run: () => Promise<Ended>): Promise<Ended> {
  const all: Ended[] = [];
  for (let round = 0; round < times; round++) all.push(await run());
  return {
    exitCode: all.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0,
    stdout: all.map(({ stdout }) => stdout).join('\n'),
    said: all.at(-1)?.said ?? '',
  };
}

/** All built-in drills, or the named ones, so many times on a system of their own, which is taken away afterwards. */
export async function runDrills(
  serverPath: string,
  names: readonly string[] = [],
  times = 1,
): Promise<Ended & { output: object[] | undefined }> {
  const directory = await mkdtemp(join(tmpdir(), 'rerail-prove-'));
  // PostgreSQL, which is not root, has to get through to what it keeps.
  await chmod(directory, 0o711);
  await mkdir(temporaryOf(directory), { mode: 0o711 });
  const settings = { RERAIL_TEMPORAL_BIN: serverPath, RERAIL_HOST: 'prove', TMPDIR: temporaryOf(directory) };
  try {
    const run = await withOwnSystem(directory, settings, ({ env }) =>
      runTimes(times, () => runCommand(process.execPath, [MAIN, 'drill', 'run', '-o', 'jsonl', ...names], env)),
    );
    const reports = findDrillReports(run.stdout);
    const output = reports.length === 0 ? undefined : [...reports, { leftovers: await leftBy(directory) }];
    return { ...run, output };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

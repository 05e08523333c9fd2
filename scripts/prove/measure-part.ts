import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { readFileSync } from 'node:fs';
import { inRoot } from '../lib/paths.mjs';
import { npmCommand } from '../lib/run.mjs';
import { PARTS, type Part, type PartName } from './parts.ts';
import type { Result } from './result.ts';
import { findJson, runCommand, type Ended } from './run-command.ts';
import { runDrills } from './run-drills.ts';

const GIB = 1024 ** 3;
/** Of all drills: a percentile wants more than one. */
const FULL_ROUNDS = 5;

interface Place {
  serverPath: string;
  full: boolean;
}

const versionOf = (file: string): string =>
  (JSON.parse(readFileSync(inRoot(file, 'package.json'), 'utf8')) as { version: string }).version;

async function readCommit(): Promise<{ commit: string; changed: boolean }> {
  const git = async (...args: string[]): Promise<string> => (await runCommand('git', args)).stdout.trim();
  const changes = await git('status', '--porcelain', '--', '.', ':!RESULTS.md', ':!docs/results');
  return { commit: await git('rev-parse', '--short', 'HEAD'), changed: changes !== '' };
}

async function run(name: PartName, { serverPath, full }: Place): Promise<Ended & { command: string; output: unknown }> {
  const part: Part = PARTS[name];
  if (!part.run) return { ...(await runDrills(serverPath, [], full ? FULL_ROUNDS : 1)), command: part.command };
  const args = full ? (part.fullRun ?? part.run) : part.run;
  const [npm = 'npm', ...first] = npmCommand();
  const isFile = args[0]?.endsWith('.mjs') ?? false;
  const ended = isFile
    ? await runCommand(process.execPath, args)
    : await runCommand(npm, [...first, 'run', '--silent', ...args]);
  const command = full && part.fullRun ? `npm run ${part.fullRun.join(' ')}` : part.command;
  return { ...ended, command, output: findJson(ended.stdout) };
}

/** Runs one part. What fails is a result too. */
export async function measurePart(name: PartName, place: Place): Promise<Result> {
  const [loadBefore = 0] = loadavg();
  const started = Date.now();
  // What is committed meanwhile was not measured.
  const commit = await readCommit();
  const ended = await run(name, place).catch((error: unknown) => ({
    command: PARTS[name].command,
    exitCode: 1,
    stdout: '',
    said: error instanceof Error ? error.message : String(error),
    output: undefined,
  }));
  const server = await runCommand(place.serverPath, ['--version']);
  const versions = {
    rerail: versionOf('.'),
    node: process.version,
    'Temporal SDK': versionOf('node_modules/@temporalio/worker'),
    'Temporal server': /Server ([\d.]+)/i.exec(server.stdout)?.[1] ?? server.stdout.trim(),
  };
  return {
    schemaVersion: 1,
    part: name,
    command: ended.command,
    at: new Date(started).toISOString(),
    ...commit,
    machine: {
      os: `${type()} ${release()}`,
      cores: cpus().length,
      memoryGiB: Math.round((totalmem() / GIB) * 10) / 10,
      loadBefore: Math.round(loadBefore * 100) / 100,
    },
    versions,
    seconds: Math.round((Date.now() - started) / 100) / 10,
    exitCode: ended.exitCode,
    output: ended.output,
    ...(ended.output === undefined ? { said: ended.said } : {}),
  };
}

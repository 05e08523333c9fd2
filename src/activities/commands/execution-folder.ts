import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import writeFileAtomic from 'write-file-atomic';
import { isAlive, type ProcessIdentity } from '../../process/process-identity.ts';
import { carriersOf, killAll, othersAlive } from '../../process/process-tree.ts';

/** What the supervisor is told. Secrets are not here: they are in its environment only. */
export interface CommandSpec {
  file: string;
  argv: string[];
  cwd: string;
  timeoutMs: number;
  killDelayMs: number;
  /** How long the pipes may stay open after the command has ended. */
  drainMs: number;
  /** Bytes kept of stdout and of stderr each. */
  outputLimit: number;
  secretNames: string[];
}

/** How a command ended; output is bounded and redacted. */
export interface Ending {
  exitCode: number | null;
  signal: string | null;
  cause: 'exit' | 'timeout' | 'cancelled' | 'spawn-failed';
  stdout: string;
  stderr: string;
  truncated: boolean;
  durationMs: number;
}

export type Progress =
  | { state: 'ended'; ending: Ending }
  | { state: 'running'; supervisor: ProcessIdentity }
  | { state: 'lost' }
  | { state: 'unclaimed' };

/** A killed process that has not gone after this many looks waits for hardware, and no wait helps. */
const ORPHAN_LOOKS = 250;

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Names the file for the command's output in the environment of the supervisor and of all that it starts. */
export const OUTPUT_VARIABLE = 'RERAIL_OUTPUT';

/**
 * The record of one command execution, found again by its key after any crash. A lost one (its supervisor died with the
 * machine) is followed by a new generation, so that the old record stays as evidence.
 */
export async function openExecutionFolder(root: string, key: string) {
  const base = path.join(root, createHash('sha256').update(key).digest('hex'));
  await mkdir(base, { recursive: true, mode: 0o700 });
  const generations = (await readdir(base)).filter((name) => /^\d+$/.test(name)).map(Number);
  let generation = Math.max(1, ...generations);
  const at = (name: string): string => path.join(base, String(generation), name);
  await mkdir(path.join(base, String(generation)), { recursive: true, mode: 0o700 });
  return {
    path: (): string => path.join(base, String(generation)),
    outputFile: (): string => at('output.json'),
    generation: (): number => generation,
    async progress(): Promise<Progress> {
      const supervisor = await readJson<ProcessIdentity>(at('supervisor.json'));
      const alive = supervisor && isAlive(supervisor, at('supervisor.json'));
      // Looked at last: a supervisor that died between the two looks has written its result before.
      const ending = await readJson<Ending>(at('result.json'));
      if (ending) return { state: 'ended', ending };
      if (!supervisor) return { state: 'unclaimed' };
      return alive ? { state: 'running', supervisor } : { state: 'lost' };
    },
    writeSpec: (spec: CommandSpec): Promise<void> =>
      writeFileAtomic(at('spec.json'), JSON.stringify(spec), { mode: 0o600 }),
    /** Ends a command that outlived its supervisor, so that it never works beside its own repetition. */
    async endOrphan(): Promise<void> {
      const command = await readJson<ProcessIdentity>(at('command.json'));
      if (!command) {
        // Its supervisor died before it had written down what it had started: that still carries its variable.
        await killAll(async () => carriersOf(await othersAlive(), `${OUTPUT_VARIABLE}=${at('output.json')}`));
        return;
      }
      if (command.host !== hostname()) return;
      for (let tries = 0; tries < ORPHAN_LOOKS && isAlive(command, at('command.json')); tries++) {
        try {
          process.kill(-command.pid, 'SIGKILL');
        } catch {
          // It ended by itself.
        }
        await delay(20);
      }
    },
    async nextGeneration(): Promise<void> {
      generation += 1;
      await mkdir(path.join(base, String(generation)), { recursive: true, mode: 0o700 });
    },
  };
}

export type ExecutionFolder = Awaited<ReturnType<typeof openExecutionFolder>>;

/** Records of commands that ended longer ago than this are of no use to any retry. */
export async function removeOldExecutions(root: string, olderThanMs: number, now: number): Promise<number> {
  const names = await readdir(root).catch(() => []);
  let removed = 0;
  for (const name of names) {
    const folder = path.join(root, name);
    const { mtimeMs } = await stat(folder);
    if (now - mtimeMs < olderThanMs) continue;
    await rm(folder, { recursive: true, force: true });
    removed += 1;
  }
  return removed;
}

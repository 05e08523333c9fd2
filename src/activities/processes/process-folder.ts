import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { PastStart, ProcessEnding, StopRequest, SupervisedProcess } from '../../domain/process.ts';
import { createFileLocks } from '../../process/file-locks.ts';
import { isAlive, type ProcessIdentity } from '../../process/process-identity.ts';
import { treeOf, type Tree } from '../../process/process-tree.ts';

/** What a supervisor is told. Secrets are not here: they are in its environment only. */
export interface RunSpec {
  /** In the environment of all that belongs to this run. */
  token: string;
  /** Who asked, and in which try: the same try starts once. */
  key: string;
  by: string;
  reason: PastStart['reason'];
  at: number;
  definition: SupervisedProcess;
  file: string;
  secretNames: string[];
}

export interface Run {
  number: number;
  folder: string;
  spec: RunSpec;
}

/** What is the matter with a run now. */
export interface RunLook {
  state: 'unclaimed' | 'starting' | 'running' | 'ended';
  supervised: boolean;
  process: ProcessIdentity | undefined;
  ending: ProcessEnding | null;
  stopRequest: StopRequest | null;
}

/** Kept beside those that still count for the start limit. */
const KEPT_RUNS = 5;

export const outputOf = (folder: string): string => path.join(path.dirname(folder), 'output.log');

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

const LOST: ProcessEnding = {
  exitCode: null,
  signal: null,
  cause: 'unknown',
  certain: false,
  evidence: 'its supervisor is gone too, as after a restart of the machine',
  at: null,
  uptimeMs: null,
};

export const treeOfRun = (run: Run, look: RunLook): Tree => ({ root: look.process, token: run.spec.token });

/** Looked at from the files alone, so that any worker finds what an earlier one has started. */
export async function lookAtRun(run: Run): Promise<RunLook> {
  const at = (name: string): string => path.join(run.folder, name);
  const guard = await readJson<ProcessIdentity>(at('guard.json'));
  const supervised = guard !== undefined && isAlive(guard, at('guard.json'));
  const process = await readJson<ProcessIdentity>(at('process.json'));
  const alive = process !== undefined && isAlive(process, at('process.json'));
  const stopRequest = (await readJson<StopRequest>(at('stop.json'))) ?? null;
  // Looked at last: a supervisor that ended between the looks has written it before.
  const ending = (await readJson<ProcessEnding>(at('ended.json'))) ?? null;
  const look = { supervised, process, ending, stopRequest };
  if (ending !== null) return { ...look, state: 'ended' };
  if (guard === undefined) return { ...look, state: 'unclaimed' };
  if (alive) return { ...look, state: 'running' };
  // It has ended, or is about to begin; its supervisor says which within a moment.
  if (supervised) return { ...look, state: 'starting' };
  const strays = process === undefined ? await treeOf({ token: run.spec.token }) : [];
  if (strays.length > 0) return { ...look, state: 'running' };
  return { ...look, state: 'ended', ending: LOST };
}

/** The records of one supervised process: a folder for each start. */
export async function openProcessFolder(root: string, name: string) {
  const base = path.join(root, name);
  await mkdir(base, { recursive: true, mode: 0o700 });
  const locks = createFileLocks(path.join(base, 'locks'));
  const numbers = async (): Promise<number[]> =>
    (await readdir(base))
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .sort((a, b) => a - b);
  const runs = async (): Promise<Run[]> => {
    const found = await Promise.all(
      (await numbers()).map(async (number): Promise<Run | undefined> => {
        const folder = path.join(base, String(number));
        const spec = await readJson<RunSpec>(path.join(folder, 'spec.json'));
        // Its worker was killed before it could say what to start.
        return spec && { number, folder, spec };
      }),
    );
    return found.filter((run) => run !== undefined);
  };
  return {
    name,
    runs,
    latest: async (): Promise<Run | undefined> => (await runs()).at(-1),
    exclusive: <T>(work: () => Promise<T>): Promise<T> => locks.exclusive(work),
    async add(spec: RunSpec): Promise<Run> {
      const number = ((await numbers()).at(-1) ?? 0) + 1;
      const folder = path.join(base, String(number));
      await mkdir(folder, { mode: 0o700 });
      await writeFileAtomic(path.join(folder, 'spec.json'), JSON.stringify(spec), { mode: 0o600 });
      return { number, folder, spec };
    },
    async requestStop(run: Run, request: StopRequest | null): Promise<void> {
      const file = path.join(run.folder, 'stop.json');
      if (request === null) await rm(file, { force: true });
      else await writeFileAtomic(file, JSON.stringify(request), { mode: 0o600 });
    },
    /** Of runs that say nothing any more. */
    async prune(since: number): Promise<void> {
      const all = await runs();
      for (const { folder, spec } of all.slice(0, -KEPT_RUNS))
        if (spec.at < since) await rm(folder, { recursive: true, force: true });
    },
  };
}

export type ProcessFolder = Awaited<ReturnType<typeof openProcessFolder>>;

/** Names of what was ever started on this host. */
export async function listProcessNames(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

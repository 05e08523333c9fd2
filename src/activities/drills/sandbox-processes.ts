import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile, readlink, rm, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import { commandEnvironment } from '../../process/command-environment.ts';
import { findCommand } from '../../process/find-command.ts';
import { isAlive, processIdentity, type ProcessIdentity } from '../../process/process-identity.ts';
import { openEndlessInput } from '../../process/start-detached.ts';
import { carriersOf, endTree, killAll, othersAlive } from '../../process/process-tree.ts';
import type { SandboxPlace } from './sandbox-place.ts';

/** In the environment of everything that a drill starts, so that nothing of it is ever overlooked. */
const SIGN = 'RERAIL_DRILL';
const KILL_WITHIN_MS = 5000;

const recordOf = ({ pids }: SandboxPlace, name: string): string => path.join(pids, `${name}.json`);

export interface StartOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** At an end of input, a program that passes its input on would type Ctrl-D. Default: there is none. */
  input?: 'never ends';
  /** Whom it runs as; default: the worker's own user. */
  owner?: { uid?: number; gid?: number };
}

/** Of a process that lives; undefined for one that has ended or was never there. */
export async function sandboxProcess(place: SandboxPlace, name: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(recordOf(place, name), 'utf8').catch(() => undefined);
  const known = text === undefined ? undefined : (JSON.parse(text) as ProcessIdentity);
  return known && isAlive(known, recordOf(place, name)) ? known : undefined;
}

async function openInput({ pids }: SandboxPlace, name: string): Promise<FileHandle> {
  const fifo = path.join(pids, `${name}.input`);
  await rm(fifo, { force: true });
  return openEndlessInput(fifo);
}

export const signed = ({ root }: SandboxPlace): Record<string, string> => ({ [SIGN]: root });

/** Starts it unless it runs. It leads a group of its own, and its output goes to a file beside the sandbox. */
export async function startSandboxProcess(
  place: SandboxPlace,
  name: string,
  argv: readonly string[],
  options: StartOptions = {},
): Promise<void> {
  if (await sandboxProcess(place, name)) return;
  const { env } = await commandEnvironment({});
  const cwd = options.cwd ?? place.work;
  const file = await findCommand(argv[0] ?? '', cwd, env['PATH']);
  const input = options.input ? await openInput(place, name) : undefined;
  const log = await open(path.join(place.logs, `${name}.log`), 'a', 0o600);
  try {
    const child = spawn(file, argv.slice(1), {
      cwd,
      env: { ...env, ...options.env, ...signed(place) },
      detached: true,
      stdio: [input?.fd ?? 'ignore', log.fd, log.fd],
      ...options.owner,
    });
    await once(child, 'spawn');
    child.unref();
    await writeFile(recordOf(place, name), JSON.stringify(processIdentity(child.pid)));
  } finally {
    await log.close();
    await input?.close();
  }
}

/** The last lines that it has written. */
export const outputOf = async ({ logs }: SandboxPlace, name: string): Promise<string> =>
  (await readFile(path.join(logs, `${name}.log`), 'utf8').catch(() => '')).trim().split('\n').slice(-3).join(' | ');

/** Undefined: it is gone, and `mayBeGone`, for it was signalled before. Throws `invalid-input` where it may not be. */
async function livingProcess(
  place: SandboxPlace,
  name: string,
  mayBeGone: boolean,
): Promise<ProcessIdentity | undefined> {
  const alive = await sandboxProcess(place, name);
  if (!alive && !mayBeGone) {
    throw new RerailError('invalid-input', `the sandbox has no living process "${name}"`, {
      remedy: 'Name one of the sandbox that goes on running.',
      nonRetryable: true,
    });
  }
  return alive;
}

export async function signalSandboxProcess(
  place: SandboxPlace,
  name: string,
  signal: NodeJS.Signals,
  mayBeGone: boolean,
): Promise<void> {
  const alive = await livingProcess(place, name, mayBeGone);
  if (alive) process.kill(-alive.pid, signal);
}

/**
 * Kills one with all that it has started, and waits until it is gone. What a database leaves behind, each in a group of its own,
 * would keep the next start from its memory.
 */
export async function killSandboxProcess(place: SandboxPlace, name: string, mayBeGone: boolean): Promise<void> {
  const root = await livingProcess(place, name, mayBeGone);
  if (root) await endTree({ root, token: '' }, { signal: 'SIGKILL', timeoutMs: KILL_WITHIN_MS });
}

export async function endSandboxProcess(place: SandboxPlace, name: string): Promise<void> {
  await killSandboxProcess(place, name, true);
  await rm(recordOf(place, name), { force: true });
}

const isWithin = (folder: string, parent: string): boolean => folder === parent || folder.startsWith(`${parent}/`);

/** Those that carry the sign of this sandbox or stand in one of its folders. */
export async function processesIn({ root, outside }: SandboxPlace): Promise<number[]> {
  const all = await othersAlive();
  const inside = all.map(async ({ pid }) => {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    return isWithin(cwd, root) || isWithin(cwd, outside) ? [pid] : [];
  });
  const carriers = await carriersOf(all, `${SIGN}=${root}`);
  return [...new Set([...carriers, ...(await Promise.all(inside)).flat()])];
}

/** Kills them all; the answer names those that would not go. */
export async function endSandboxProcesses(place: SandboxPlace): Promise<string[]> {
  const left = await killAll(() => processesIn(place));
  return left.map((pid) => `process ${pid}`);
}

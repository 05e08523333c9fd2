import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, RerailError } from '../domain/errors.ts';
import { isSameProcess, processStart } from './process-start.ts';

export interface LockOptions {
  /** What the lock is held for, in the notice and the error: `starting the server`. */
  purpose: string;
  timeoutMs: number;
  onNotice?: ((line: string) => void) | undefined;
}

/** A lock without readable content is being written; older than this it was left by a crash in between. */
const TORN_AFTER_MS = 5000;

async function holderOf(path: string): Promise<{ pid: number; alive: boolean } | undefined> {
  try {
    const { pid, startTime } = JSON.parse(await readFile(path, 'utf8')) as { pid: number; startTime: string };
    return { pid, alive: isSameProcess({ pid, startTime }) };
  } catch {
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    return age > TORN_AFTER_MS ? { pid: 0, alive: false } : undefined;
  }
}

/** Moved aside first and looked at again, since another process may have taken the dead lock over just now. */
async function removeDead(path: string): Promise<void> {
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  if ((await holderOf(aside))?.alive) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function tryCreate(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify({ pid: process.pid, startTime: processStart(process.pid) ?? '' }));
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Runs the task while no other process of ours holds the same lock; a lock of a dead process is taken over. */
export async function withLockFile<T>(path: string, options: LockOptions, task: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = Date.now() + options.timeoutMs;
  let announced = false;
  while (!(await tryCreate(path))) {
    const holder = await holderOf(path);
    if (holder && !holder.alive) {
      await removeDead(path);
      continue;
    }
    if (!announced) options.onNotice?.(`Waiting for process ${holder?.pid ?? '?'}, which is ${options.purpose}.`);
    announced = true;
    if (Date.now() > deadline) {
      throw new RerailError('timed-out', `process ${holder?.pid ?? '?'} has been ${options.purpose} for too long`, {
        remedy: `Stop that process, or delete ${path} when it is not one of ours.`,
      });
    }
    await sleep(100);
  }
  try {
    return await task();
  } finally {
    await rm(path, { force: true });
  }
}

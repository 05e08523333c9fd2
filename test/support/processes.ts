import { readFile } from 'node:fs/promises';
import { isDead, readStat, statOf } from '../../src/process/proc.ts';
import { until } from './until.ts';

/** Numbers of what it has started and not lost. */
export async function childrenOf(pid: number): Promise<number[]> {
  const line = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return line.split(' ').map(Number).filter(Boolean);
}

/** Its first one, once that is there. */
export const childOf = (pid: number): Promise<number> =>
  until(async () => (await childrenOf(pid))[0], `a child of ${pid}`);

/** Stops it, and comes back when that is seen. */
export async function stopProcess(pid: number): Promise<void> {
  // Zero would be everybody in our own group.
  if (!(pid > 0)) throw new Error('there is no process to stop');
  process.kill(pid, 'SIGSTOP');
  await until(async () => (await statOf(pid))?.state === 'T', 'the stop');
}

/** Also false for a zombie, which waits only for its parent to look. */
export function isRunning(pid: number): boolean {
  const found = readStat(pid);
  return found !== undefined && !isDead(found);
}

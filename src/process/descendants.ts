import { readdirSync, readFileSync } from 'node:fs';
import { readStat } from './proc.ts';

/** As the kernel lists them (CONFIG_PROC_CHILDREN); none where it does not, and none of a process that is gone. */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'))
      .flatMap((line) => line.split(' ').filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

/**
 * Of a process that lives: what it has started, and what that has. One that begins a session of its own and overwrites its
 * environment, as the backends of PostgreSQL do, is tied to it by its parent alone, and by nothing once that is killed.
 */
export function createDescendants(root: number) {
  const startTimes = new Map<number, string>();
  return {
    /** By number. */
    startTimes: startTimes as ReadonlyMap<number, string>,
    look(): void {
      for (const [pid, startTime] of startTimes) if (readStat(pid)?.startTime !== startTime) startTimes.delete(pid);
      const parents = [root, ...startTimes.keys()];
      for (const parent of parents)
        for (const pid of childrenOf(parent)) {
          const found = startTimes.has(pid) ? undefined : readStat(pid);
          // Else its number is another's by now.
          if (found?.parent !== parent) continue;
          startTimes.set(pid, found.startTime);
          parents.push(pid);
        }
    },
  };
}

import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE_BYTES = 4096;

/** Resident memory of a process in MiB, as Linux counts it. */
export function residentMiB(pid: number): number {
  const pages = Number(readFileSync(`/proc/${String(pid)}/statm`, 'utf8').split(' ')[1]);
  return (pages * PAGE_BYTES) / 1024 / 1024;
}

/** For `execArgv` of a process whose live memory is to be known. */
export const TELLS_LIVE_MEMORY = ['--import', fileURLToPath(new URL('./live-memory.mjs', import.meta.url))];

/** What a process still uses after a collection, in MiB; it was forked with `TELLS_LIVE_MEMORY`. */
export function liveMiB(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    const hear = (message: unknown): void => {
      const { liveBytes } = (message ?? {}) as { liveBytes?: number };
      if (liveBytes === undefined) return;
      child.off('message', hear);
      resolve(Math.round((liveBytes / 1024 / 1024) * 10) / 10);
    };
    child.on('message', hear);
    child.send('live-memory');
  });
}

import { readFileSync } from 'node:fs';

const PAGE_BYTES = 4096;

/** Resident memory of a process in MiB, as Linux counts it. */
export function residentMiB(pid: number): number {
  const pages = Number(readFileSync(`/proc/${String(pid)}/statm`, 'utf8').split(' ')[1]);
  return (pages * PAGE_BYTES) / 1024 / 1024;
}

import { readFileSync, statSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

/** Tells a living process from a later one with the same number, also across a reboot. */
export interface ProcessIdentity {
  pid: number;
  host: string;
  bootId: string;
  startTime: string;
}

/** A holder on another host cannot be asked; its lock counts until it is this old. */
const FOREIGN_LOCK_MS = 60 * 60 * 1000;

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return fallback;
  }
}

/** Field 22 of /proc/<pid>/stat, counted after the name, which may itself hold spaces and brackets. */
function startTimeOf(pid: number): string {
  const stat = readOr(`/proc/${String(pid)}/stat`, '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has died: it only waits for its parent to look. With other threads (field 20) it is still ending, and holds what it held.
  return (fields[0] === 'Z' && fields[17] === '1') || fields[0] === 'X' ? 'dead' : (fields[19] ?? '');
}

export const bootId = (): string => readOr('/proc/sys/kernel/random/boot_id', 'unknown');

export function processIdentity(pid: number = process.pid): ProcessIdentity {
  return { pid, host: hostname(), bootId: bootId(), startTime: startTimeOf(pid) };
}

/** `identity`: undefined where it is not known; then the lock counts like that of another host, and not over a reboot. */
export function isAlive(identity: ProcessIdentity | undefined, lockPath: string): boolean {
  if (identity === undefined) return ageMs(lockPath) < Math.min(FOREIGN_LOCK_MS, uptime() * 1000);
  if (identity.host !== hostname()) return ageMs(lockPath) < FOREIGN_LOCK_MS;
  if (identity.bootId !== bootId()) return false;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startTimeOf(identity.pid) === identity.startTime;
}

function ageMs(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

import { readFileSync, statSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { isDead, readStat } from './proc.ts';

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

function startTimeOf(pid: number): string {
  const stat = readStat(pid);
  if (stat === undefined) return '';
  return isDead(stat) ? 'dead' : stat.startTime;
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

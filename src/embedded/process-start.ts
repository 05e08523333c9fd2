import { execFileSync } from 'node:child_process';
import { isDead, readStat } from '../process/proc.ts';

/**
 * When a process began, as the system writes it; undefined when no such process runs. A pid alone is reused by
 * the system, pid and start together are not.
 */
export function processStart(pid: number): string | undefined {
  const stat = readStat(pid);
  if (stat === undefined) return process.platform === 'linux' ? undefined : processStartByPs(pid);
  return isDead(stat) ? undefined : stat.startTime;
}

function processStartByPs(pid: number): string | undefined {
  try {
    const text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return text === '' || text.startsWith('Z') ? undefined : text.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}

export interface ProcessStart {
  pid: number;
  startTime: string;
}

export function isSameProcess({ pid, startTime }: ProcessStart): boolean {
  return processStart(pid) === startTime;
}

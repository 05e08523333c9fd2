import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a process began, as the system writes it; undefined when no such process runs. A pid alone is reused by
 * the system, pid and start together are not.
 */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets and may hold spaces; state is field 3, start field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie whose other threads (field 20) are still ending holds its ports and files until they have ended.
    if ((fields[0] === 'Z' && fields[17] === '1') || fields[0] === 'X') return undefined;
    return fields[19];
  } catch {
    return process.platform === 'linux' ? undefined : processStartByPs(pid);
  }
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

import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What /proc says of one process. */
export interface ProcessStat {
  pid: number;
  /**
   * `R` running, `S` sleeping, `T` stopped, `Z` dead and not yet looked at; `D` also for one whose other threads are still ending:
   * it holds its ports and files until they have ended.
   */
  state: string;
  parent: number;
  group: number;
  /** The number of the process that began it. */
  session: number;
  /** As in a ProcessIdentity. */
  startTime: string;
  /** The group that has the terminal; -1 without one. */
  foregroundGroup: number;
}

/** Between two turns of the event loop, on a machine with many. */
const READ_AT_ONCE = 200;

/**
 * The kernel makes it up while it is read, in microseconds and without a wait for the process: a thread to wait for it would cost
 * ten times as much. That is not so of `environ` and `cmdline`, which are the memory of the process itself.
 */
export function readStat(pid: number): ProcessStat | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name before may itself hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] === 'Z' && fields[17] !== '1' ? 'D' : (fields[0] ?? ''),
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: fields[19] ?? '',
    foregroundGroup: Number(fields[5]),
  };
}

/** It only waits for its parent to look. */
export const isDead = ({ state }: ProcessStat): boolean => state === 'Z' || state === 'X';

/** Undefined when there is no such process. */
export const statOf = (pid: number): Promise<ProcessStat | undefined> => Promise.resolve(readStat(pid));

/** Its words, whole; empty for one that is gone. */
export async function argvOf(pid: number): Promise<string[]> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return line === '' ? [] : line.replace(/\0$/, '').split('\0');
}

export async function allProcesses(): Promise<ProcessStat[]> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name)).map(Number);
  const found: ProcessStat[] = [];
  for (const [index, pid] of pids.entries()) {
    if (index % READ_AT_ONCE === READ_AT_ONCE - 1) await nextTurn();
    const stat = readStat(pid);
    if (stat) found.push(stat);
  }
  return found;
}

/** The processes of these groups, by group; one look at /proc for all of them. */
export async function membersOf(groups: ReadonlySet<number>): Promise<Map<number, ProcessStat[]>> {
  const members = new Map<number, ProcessStat[]>();
  for (const found of await allProcesses()) {
    if (!groups.has(found.group)) continue;
    members.set(found.group, [...(members.get(found.group) ?? []), found]);
  }
  return members;
}

/** Who listens on a socket of the file system; undefined where nobody does, or it is another user's. */
export async function listenerOf(socket: string): Promise<number | undefined> {
  const lines = (await readFile('/proc/net/unix', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  // Flag 00010000: it accepts connections; accepted ones carry the same path.
  const inode = lines.find((fields) => fields[7] === socket && fields[3] === '00010000')?.[6];
  if (inode === undefined) return undefined;
  for (const { pid } of await allProcesses()) {
    for (const name of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${name}`).catch(() => '');
      if (target === `socket:[${inode}]`) return pid;
    }
  }
  return undefined;
}

/** False when the process is gone. Throws when it is not ours. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

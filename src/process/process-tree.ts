import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { bootId, isAlive, type ProcessIdentity } from './process-identity.ts';
import { allProcesses, isDead, sendSignal, statOf, type ProcessStat } from './proc.ts';

/** Carried by a process and, unless they clean their environment, by all that it starts. */
export const TREE_VARIABLE = 'RERAIL_PROCESS';

export interface Tree {
  /** Leads a group and a session of its own. Undefined: it is not known, or there never was one. */
  root?: ProcessIdentity | undefined;
  /** Value of the variable. */
  token: string;
}

/** Whether the environment that it was started with has `NAME=value`. False for one of another user, and one that is gone. */
async function carries(pid: number, variable: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  return environment.split('\0').includes(variable);
}

/** The kernel gives a number to nobody else while a session has it; a later process of that number means that all have gone. */
async function numberIsOurs(root: ProcessIdentity): Promise<boolean> {
  if (root.bootId !== bootId()) return false;
  const now = await statOf(root.pid);
  return now === undefined || now.startTime === root.startTime || now.state === 'Z';
}

/** Without those that are dead and this one itself. */
export const othersAlive = async (): Promise<ProcessStat[]> =>
  (await allProcesses()).filter((one) => !isDead(one) && one.pid !== process.pid);

/**
 * The process and all that it has started, wherever that has gone: by session, by group, by parent, and by the token in the
 * environment. What begins a session of its own, loses its parent and cleans its environment is found only among the known ones:
 * start times by number.
 */
export async function treeOf(
  { root, token }: Tree,
  known: ReadonlyMap<number, string> = new Map(),
): Promise<ProcessStat[]> {
  const all = await othersAlive();
  const ours = root !== undefined && (await numberIsOurs(root)) ? root.pid : undefined;
  const members = new Map<number, ProcessStat>();
  const others: ProcessStat[] = [];
  // What is older than the process was not started by it.
  const younger = root?.bootId === bootId() ? all.filter((one) => +one.startTime >= +root.startTime) : all;
  const carriers = new Set(await carriersOf(younger, `${TREE_VARIABLE}=${token}`));
  for (const one of all) {
    const near = ours !== undefined && (one.pid === ours || one.session === ours || one.group === ours);
    if (near || known.get(one.pid) === one.startTime || carriers.has(one.pid)) members.set(one.pid, one);
    else others.push(one);
  }
  for (let found = true; found;) {
    found = false;
    for (const one of others) {
      if (members.has(one.pid) || !members.has(one.parent)) continue;
      members.set(one.pid, one);
      found = true;
    }
  }
  return [...members.values()];
}

export interface EndOptions {
  signal: NodeJS.Signals;
  timeoutMs: number;
  /** Known before to belong to it: start times by number. */
  known?: ReadonlyMap<number, string>;
  /** Called at each look. */
  onLook?: () => void;
}

/** A killed process that has not gone after this long waits for hardware. Milliseconds. */
const KILLED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 25;

const signalOne = (pid: number, signal: NodeJS.Signals): void => {
  try {
    sendSignal(pid, signal);
  } catch (error) {
    // Its program has another user: it is told of below, as one that did not end.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
};

/**
 * Ends the process with its group by the signal, what then is left by the same, and after the time-out whatever still lives by
 * SIGKILL. Answers with the numbers of those that did not go even then.
 */
export async function endTree(tree: Tree, { signal, timeoutMs, known: before, onLook }: EndOptions): Promise<number[]> {
  const until = Date.now() + timeoutMs;
  const told = new Set<string>();
  const known = new Map(before);
  const tellOnce = (pid: number, startTime: string, send: () => void): void => {
    const key = `${pid}/${startTime}`;
    if (!told.has(key)) send();
    told.add(key);
  };
  for (;;) {
    onLook?.();
    const members = await treeOf(tree, known);
    if (members.length === 0) return [];
    for (const { pid, startTime } of members) known.set(pid, startTime);
    const late = Date.now() >= until;
    if (Date.now() >= until + KILLED_WITHIN_MS) return members.map(({ pid }) => pid);
    const { root } = tree;
    const main = root && isAlive(root, '') ? root : undefined;
    if (late) for (const { pid } of members) signalOne(pid, 'SIGKILL');
    else if (main) tellOnce(main.pid, main.startTime, () => signalOne(-main.pid, signal));
    // It may need them to end in order, so they are told after it.
    else for (const { pid, startTime } of members) tellOnce(pid, startTime, () => signalOne(pid, signal));
    await delay(LOOK_EVERY_MS);
  }
}

/** Kills whatever the look finds until it finds nothing more; answers with the numbers of those that did not go. */
export async function killAll(look: () => Promise<number[]>): Promise<number[]> {
  const until = Date.now() + KILLED_WITHIN_MS;
  for (;;) {
    const found = await look();
    if (found.length === 0 || Date.now() >= until) return found;
    for (const pid of found) signalOne(pid, 'SIGKILL');
    await delay(LOOK_EVERY_MS);
  }
}

/** Those that carry `NAME=value`, wherever they have gone. */
export async function carriersOf(processes: readonly ProcessStat[], variable: string): Promise<number[]> {
  const found = await Promise.all(processes.map(async ({ pid }) => ((await carries(pid, variable)) ? [pid] : [])));
  return found.flat();
}

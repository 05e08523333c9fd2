import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, messageOf } from '../../domain/errors.ts';
import type { Probe } from '../../domain/probe.ts';

type Selector = Omit<NonNullable<Probe['process']>, 'minCount' | 'maxMemoryBytes' | 'supervised'>;

interface FoundProcess {
  pid: number;
  memoryBytes: number;
}

const PROC = '/proc';
/** A list is kept so long: several checks look at the same moment. Milliseconds. */
const FRESH_MS = 500;

/** A process may end between any two of these reads; then it is not there. */
const GONE = new Set(['ENOENT', 'ESRCH']);

async function readOr(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if (GONE.has(codeOf(error) ?? '') || codeOf(error) === 'EACCES') return undefined;
    throw error;
  });
}

let listed: { at: number; pids: Promise<number[]> } | undefined;

async function readPids(): Promise<number[]> {
  const names = await readdir(PROC).catch((error: unknown) => {
    throw new Error(`processes cannot be listed: this probe needs ${PROC} (${messageOf(error)})`, { cause: error });
  });
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}

function allPids(): Promise<number[]> {
  if (listed === undefined || Date.now() - listed.at > FRESH_MS) listed = { at: Date.now(), pids: readPids() };
  return listed.pids;
}

async function pidIn(file: string): Promise<number[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  });
  const pid = /^\s*(\d{1,10})\s/.exec(`${text.slice(0, 100)}\n`)?.[1];
  return pid === undefined ? [] : [Number(pid)];
}

/** Names of users by number, read once. */
let users: Promise<Map<string, number>> | undefined;

async function uidOf(owner: string): Promise<number | undefined> {
  if (/^\d+$/.test(owner)) return Number(owner);
  users ??= readFile('/etc/passwd', 'utf8').then(
    (text) =>
      new Map(
        text.split('\n').flatMap((line): [string, number][] => {
          const [name = '', , uid = ''] = line.split(':');
          return uid === '' ? [] : [[name, Number(uid)]];
        }),
      ),
  );
  return (await users).get(owner);
}

const field = (status: string, name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';

/** `comm` is cut at 15 bytes; the first word of the command line is not. */
function isNamed(command: string, comm: string | undefined, argv: string): boolean {
  const first = argv.split('\0')[0] ?? '';
  return comm === command.slice(0, 15) && command.length <= 15 ? true : path.basename(first) === command;
}

async function matches(pid: number, selector: Selector, uid: number | undefined): Promise<FoundProcess | undefined> {
  const folder = path.join(PROC, String(pid));
  const { command, argvContains, owner } = selector;
  if (command !== undefined || argvContains !== undefined) {
    const argv = await readOr(`${folder}/cmdline`);
    if (argv === undefined) return undefined;
    if (command !== undefined && !isNamed(command, (await readOr(`${folder}/comm`))?.trim(), argv)) return undefined;
    if (argvContains !== undefined && !argv.replaceAll('\0', ' ').includes(argvContains)) return undefined;
  }
  if (owner !== undefined) {
    const found = await stat(folder).catch(() => undefined);
    if (found === undefined || found.uid !== uid) return undefined;
  }
  const status = await readOr(`${folder}/status`);
  // A zombie has died: it only waits for its parent to look.
  if (status === undefined || /^State:\s*[ZX]/m.test(status)) return undefined;
  return { pid, memoryBytes: Number(field(status, 'VmRSS') || 0) * 1024 };
}

/** The processes that fit. Linux only: it reads /proc. */
export async function findProcesses(selector: Selector, signal: AbortSignal): Promise<FoundProcess[]> {
  const uid = selector.owner === undefined ? undefined : await uidOf(selector.owner);
  const pids = selector.pidFile === undefined ? await allPids() : await pidIn(selector.pidFile);
  const found: FoundProcess[] = [];
  for (const pid of pids) {
    signal.throwIfAborted();
    // The worker itself may carry the words that are looked for in its own command line.
    const one = pid === process.pid ? undefined : await matches(pid, selector, uid);
    if (one) found.push(one);
  }
  return found;
}

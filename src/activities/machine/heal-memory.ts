import { constants } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, messageOf } from '../../domain/errors.ts';
import type { Machine } from '../../domain/machine.schema.ts';
import { allProcesses } from '../../process/proc.ts';
import type { ProcessActivities } from '../processes/create-process-activities.ts';
import { residentBytes } from '../processes/out-of-memory.ts';

export interface MemoryUser {
  pid: number;
  name: string;
  bytes: number;
}

const SHOWN = 5;
/** A program that was restarted is not there at once. */
const SETTLE_MS = 5000;
const LOOK_MS = 100;

/** What uses most: names of programs, no command lines. */
export async function heaviest(): Promise<MemoryUser[]> {
  const all = (await allProcesses()).map(({ pid }) => ({ pid, bytes: residentBytes(pid) }));
  const most = all.sort((a, b) => b.bytes - a.bytes).slice(0, SHOWN);
  return Promise.all(
    most.map(async (one) => ({
      ...one,
      name: (await readFile(`/proc/${one.pid}/comm`, 'utf8').catch(() => 'gone')).trim(),
    })),
  );
}

const DROP_CACHES = '/proc/sys/vm/drop_caches';
/** Page cache, and what is known of files and folders. */
const ALL_CACHES = '3';

/** Why it was not done, or null. */
async function dropCaches(allowed: boolean, file: string): Promise<string | null> {
  if (!allowed) return 'the definition does not allow it';
  try {
    // The file is never made, and cannot be opened for reading.
    await writeFile(file, ALL_CACHES, { flag: constants.O_WRONLY });
    return null;
  } catch (error) {
    const isDenied = ['EACCES', 'EPERM'].includes(codeOf(error) ?? '');
    return isDenied ? `the kernel lets only root write to ${file}` : messageOf(error);
  }
}

export interface HealedMemory {
  before: string;
  after: string;
  users: MemoryUser[];
  restarted: { name: string; bytes: number }[];
  cachesDropped: boolean;
  skipped: string[];
}

type Reading = { passed: boolean; observed: string };
type Look = () => Promise<Reading>;

async function lookUntilPassed(look: Look): Promise<Reading> {
  for (const deadline = Date.now() + SETTLE_MS; ; await sleep(LOOK_MS)) {
    const reading = await look();
    if (reading.passed || Date.now() > deadline) return reading;
  }
}

interface MemoryDeps {
  look: Look;
  processes: Pick<ProcessActivities, 'listHere' | 'restartProcess'>;
  /** Of the kernel. */
  dropCachesFile?: string | undefined;
}

/** Lets go of caches, then restarts the heaviest of the allowed processes, one after the other, until the probe passes. */
export async function healMemory(
  rules: NonNullable<Machine['memory']>,
  { look, processes, dropCachesFile = DROP_CACHES }: MemoryDeps,
): Promise<HealedMemory & { passed: boolean }> {
  const skipped: string[] = [];
  const restarted: HealedMemory['restarted'] = [];
  let reading = await look();
  const before = reading.observed;
  const users = await heaviest();
  const answer = (cachesDropped: boolean) => ({
    ...{ before, after: reading.observed, users, restarted, cachesDropped, skipped },
    passed: reading.passed,
  });
  if (reading.passed) return answer(false);
  const why = await dropCaches(rules.dropCaches, dropCachesFile);
  if (why === null) reading = await look();
  else skipped.push(`caches are kept: ${why}`);
  if (reading.passed) return answer(why === null);
  const here = (await processes.listHere()).filter(({ status }) => status.state === 'running');
  const allowed = here.filter(({ status }) => rules.restart.includes(status.name));
  for (const name of rules.restart)
    if (!allowed.some(({ status }) => status.name === name)) skipped.push(`${name} does not run here`);
  allowed.sort((a, b) => (b.status.memoryBytes ?? 0) - (a.status.memoryBytes ?? 0));
  for (const { status, definition } of allowed) {
    if (reading.passed) break;
    try {
      await processes.restartProcess({ process: definition });
      restarted.push({ name: status.name, bytes: status.memoryBytes ?? 0 });
    } catch (error) {
      skipped.push(`${status.name}: ${messageOf(error)}`);
      continue;
    }
    reading = await lookUntilPassed(look);
  }
  return answer(why === null);
}

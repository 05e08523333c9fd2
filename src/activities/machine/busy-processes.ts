import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from '../../domain/machine.schema.ts';
import { allProcesses, argvOf, statOf, type ProcessStat } from '../../process/proc.ts';
import { bootId } from '../../process/process-identity.ts';

type Rule = NonNullable<Machine['cpu']>['lower'][number];

export interface BusyProcess {
  pid: number;
  /** With the number it tells this process from a later one. */
  startTime: string;
  bootId: string;
  name: string;
  /** Share of one core over the sample. */
  percent: number;
}

/** Clock ticks a second, which Linux has fixed at 100 for programs. */
const TICKS = 100;
const SAMPLE_MS = 300;

const read = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

async function ticksOf(pid: number): Promise<number> {
  const text = await read(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return text === '' ? 0 : Number(fields[11]) + Number(fields[12]);
}

async function ownerOf(pid: number): Promise<number | undefined> {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(await read(`/proc/${pid}/status`))?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** This worker and what it was started by: never touched, whatever the definition says. */
async function ancestry(): Promise<Set<number>> {
  const found = new Set([1, process.pid]);
  for (let at = await statOf(process.pid); at && at.parent > 1 && !found.has(at.parent); at = await statOf(at.parent))
    found.add(at.parent);
  return found;
}

async function fits({ pid }: ProcessStat, { command, argvContains }: Rule): Promise<boolean> {
  if ((await read(`/proc/${pid}/comm`)).trim() !== command) return false;
  return argvContains === undefined || (await argvOf(pid)).join(' ').includes(argvContains);
}

/** Is it still the same one? */
export const isSame = async ({
  pid,
  startTime,
  bootId: boot,
}: Omit<BusyProcess, 'name' | 'percent'>): Promise<boolean> =>
  boot === bootId() && (await statOf(pid))?.startTime === startTime;

/** Processes of this worker's own user (root: of all) that one of the rules names, those that take most first. */
export async function findBusy(rules: readonly Rule[]): Promise<BusyProcess[]> {
  if (rules.length === 0) return [];
  const { uid } = userInfo();
  const kept = await ancestry();
  const candidates: ProcessStat[] = [];
  for (const stat of await allProcesses()) {
    if (kept.has(stat.pid) || stat.state === 'Z') continue;
    if (uid !== 0 && (await ownerOf(stat.pid)) !== uid) continue;
    if ((await Promise.all(rules.map((rule) => fits(stat, rule)))).includes(true)) candidates.push(stat);
  }
  const before = await Promise.all(candidates.map(({ pid }) => ticksOf(pid)));
  await sleep(SAMPLE_MS);
  const boot = bootId();
  const busy = await Promise.all(
    candidates.map(async ({ pid, startTime }, index) => ({
      ...{ pid, startTime, bootId: boot, name: (await read(`/proc/${pid}/comm`)).trim() },
      percent: Math.round((((await ticksOf(pid)) - (before[index] ?? 0)) / TICKS / (SAMPLE_MS / 1000)) * 100),
    })),
  );
  return busy.filter(({ name }) => name !== '').sort((a, b) => b.percent - a.percent);
}

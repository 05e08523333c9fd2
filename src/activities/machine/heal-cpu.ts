import { setTimeout as sleep } from 'node:timers/promises';
import { toMs } from '../../domain/duration.ts';
import { codeOf, messageOf } from '../../domain/errors.ts';
import type { Machine } from '../../domain/machine.schema.ts';
import { findBusy, isSame, type BusyProcess } from './busy-processes.ts';
import type { createPriorities } from './priorities.ts';

interface Touched {
  pid: number;
  name: string;
  percent: number;
}

export interface HealedCpu {
  before: string;
  after: string;
  lowered: Touched[];
  ended: Touched[];
  skipped: string[];
}

const POLL_MS = 50;

const touched = ({ pid, name, percent }: BusyProcess): Touched => ({ pid, name, percent });

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}

/** Asked at first, then made to. */
async function endProcess(one: BusyProcess, graceMs: number): Promise<void> {
  for (const [name, waitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 5000],
  ] as const) {
    if (!(await isSame(one))) return;
    signal(one.pid, name);
    const deadline = Date.now() + waitMs;
    while (Date.now() < deadline && (await isSame(one))) await sleep(POLL_MS);
  }
}

/** Lowers the priority of the allowed processes, those that take most first, then ends those that may be ended, until the probe passes. */
export async function healCpu(
  rules: NonNullable<Machine['cpu']>,
  deps: {
    look: () => Promise<{ passed: boolean; observed: string }>;
    priorities: ReturnType<typeof createPriorities>;
  },
): Promise<HealedCpu & { passed: boolean }> {
  const { look, priorities } = deps;
  const lowered: Touched[] = [];
  const ended: Touched[] = [];
  const skipped: string[] = [];
  let reading = await look();
  const before = reading.observed;
  const treat = async (found: readonly BusyProcess[], what: string, work: (one: BusyProcess) => Promise<void>) => {
    for (const one of found) {
      if (reading.passed) return;
      try {
        await work(one);
      } catch (error) {
        skipped.push(`${one.name} (${one.pid}) is not ${what}: ${messageOf(error)}`);
        continue;
      }
      reading = await look();
    }
  };
  if (!reading.passed)
    await treat(await findBusy(rules.lower), 'lowered', async (one) => {
      if (await priorities.lower(one, rules.nice)) lowered.push(touched(one));
    });
  if (!reading.passed)
    await treat(await findBusy(rules.end), 'ended', async (one) => {
      await endProcess(one, toMs(rules.grace));
      ended.push(touched(one));
    });
  if (!reading.passed && lowered.length + ended.length === 0) skipped.push('no process that is allowed runs here');
  return { before, after: reading.observed, lowered, ended, skipped, passed: reading.passed };
}

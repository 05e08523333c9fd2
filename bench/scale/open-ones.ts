// What recoveries cost that are open and wait for a person: memory, the database, and those who look at all of them.
import type { RecoveryHandle } from '../../src/client/recovery-handle.ts';
import { until } from '../../test/support/until.ts';
import { drive } from '../drive.ts';
import { residentMiB } from '../resident.ts';
import { databaseBytes } from './database-size.ts';
import { APPROVED } from './kinds.ts';
import { rounded } from './mean.ts';
import { meter, type Cost } from './meter.ts';
import { approve, endOf, startOne } from './recover.ts';
import type { ScaleWorld } from './scale-world.ts';

export interface OpenLevel {
  open: number;
  databaseBytes: number;
  serverMiB: number;
  /** Of the worker that has opened what has been added since the level before. */
  workerMiB: number;
  /** Of one that has just been started and knows none of them. */
  newWorkerMiB: number;
  newWorkerStart: { cpuMs: number; wallMs: number };
  /** A look at the plan, the approval and the rest, where the worker has it in its cache, and where it has not. */
  answered: { cached: Cost; notCached: Cost };
  /** One look of the notifier at what has changed and what waits. */
  notifierLook: Cost;
}

const IN_FLIGHT = 32;
const ANSWERED = 10;
const LOOKS = 5;

export async function measureOpen(
  world: ScaleWorld,
  levels: readonly number[],
  tell: (line: string) => void,
): Promise<OpenLevel[]> {
  const { recoveries, server, workerPid } = world;
  const open: RecoveryHandle[] = [];
  const measured: OpenLevel[] = [];
  const answer = async (from: 'newest' | 'oldest'): Promise<void> => {
    const handle = from === 'newest' ? open.pop() : open.shift();
    if (!handle) throw new Error('none is left that waits');
    await approve(handle);
    await endOf(handle, APPROVED);
  };
  for (const level of levels) {
    tell(`  ${String(level)} open`);
    const answers = Math.min(ANSWERED, Math.ceil(level / 10));
    // So many more that the level is still there when some have been answered.
    const missing = level + answers - open.length;
    await drive(missing, IN_FLIGHT, async () => open.push(await startOne(world, APPROVED)));
    const expected = open.length;
    await until(
      async () => (await recoveries.countRecoveries()).byStatus.awaiting_approval === expected,
      `${String(expected)} recoveries to wait`,
      600_000,
    );
    const cached = await meter(world, answers, () => drive(answers, 1, () => answer('newest')));
    const since = new Date();
    const notifierLook = await meter(world, LOOKS, () =>
      drive(LOOKS, 1, () => recoveries.notifications.changes(since)),
    );
    const serverMiB = rounded(residentMiB(server.pid));
    const workerMiB = rounded(residentMiB(workerPid()));
    const bytes = databaseBytes(server.dbFile);
    const newWorkerStart = await world.renewWorker();
    const newWorkerMiB = rounded(residentMiB(workerPid()));
    const notCached = await meter(world, answers, () => drive(answers, 1, () => answer('oldest')));
    measured.push({
      ...{ open: level, databaseBytes: bytes, serverMiB, workerMiB, newWorkerMiB, newWorkerStart },
      ...{ answered: { cached, notCached }, notifierLook },
    });
  }
  return measured;
}

// What grows with recoveries that have ended: the database, lists, and whatever a new one has to look at.
import { drive } from '../drive.ts';
import { residentMiB } from '../resident.ts';
import { databaseBytes } from './database-size.ts';
import { BRAKED, planOf } from './kinds.ts';
import { rounded } from './mean.ts';
import { meter, type Cost } from './meter.ts';
import { recoverOne } from './recover.ts';
import type { ScaleWorld } from './scale-world.ts';

export interface FinishedLevel {
  finished: number;
  databaseBytes: number;
  serverMiB: number;
  workerMiB: number;
  /** Of each new recovery, one at a time, with the brakes of its target. */
  recovery: Cost;
  /** Of a page of fifty. */
  list: Cost;
  /** Of the counts of all statuses. */
  count: Cost;
}

const IN_FLIGHT = 32;
const TIMES = 20;
const FILLING = planOf(1);

export async function measureFinished(
  world: ScaleWorld,
  levels: readonly number[],
  tell: (line: string) => void,
): Promise<FinishedLevel[]> {
  const { recoveries, server, workerPid } = world;
  const measured: FinishedLevel[] = [];
  let finished = 0;
  for (const level of levels) {
    tell(`  ${String(level)} finished`);
    const missing = Math.max(0, level - finished);
    await drive(missing, IN_FLIGHT, () => recoverOne(world, FILLING));
    finished += missing;
    // Metered first, so that what the server still had to do is done.
    const list = await meter(world, TIMES, () => drive(TIMES, 1, () => recoveries.listRecoveries()));
    const count = await meter(world, TIMES, () => drive(TIMES, 1, () => recoveries.countRecoveries()));
    const sizes = {
      databaseBytes: databaseBytes(server.dbFile),
      serverMiB: rounded(residentMiB(server.pid)),
      workerMiB: rounded(residentMiB(workerPid())),
    };
    const recovery = await meter(world, TIMES, () => drive(TIMES, 1, () => recoverOne(world, BRAKED)));
    measured.push({ finished, ...sizes, recovery, list, count });
    finished += TIMES;
  }
  return measured;
}

import type { Client } from '@temporalio/client';
import { recoveryId } from '../../src/domain/wire-names.ts';
import { createRandom } from '../../test/chaos/random.ts';
import { makeChaosWorld } from '../../test/chaos/suite/world.ts';
import { until } from '../../test/support/until.ts';
import { summarise, type Summary } from '../measure.ts';

interface Sign {
  /** Of the worker: process and host. */
  by: string;
  atMs: number;
}

/** What workers have put into a history. */
async function signsOf(client: Client, workflowId: string): Promise<Sign[]> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  return (events ?? []).flatMap((event) => {
    const by =
      event.workflowTaskStartedEventAttributes?.identity ??
      event.workflowTaskCompletedEventAttributes?.identity ??
      event.activityTaskStartedEventAttributes?.identity ??
      event.activityTaskCompletedEventAttributes?.identity;
    const { seconds, nanos } = event.eventTime ?? {};
    return by ? [{ by, atMs: Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6 }] : [];
  });
}

/** About as long as a command of the recovery takes, so that kills meet all parts of one. */
const SPREAD_MS = 150;
const SEED = 1;

export interface Kills {
  /** From the kill to the start of the next process's polling. */
  readyMs: Summary;
  /** From the kill to the first event that the next process puts into the history. */
  progressMs: Summary;
}

/**
 * Kills a worker process amid the commands of a recovery, and starts it again at once. Time-outs, which the server writes
 * by itself, do not count as progress; an activity that was under way has to wait for one.
 */
export async function measureKills(kills: number): Promise<Kills> {
  const random = createRandom(SEED);
  const world = await makeChaosWorld();
  try {
    const samples: Record<'ready' | 'progress', number[]> = { ready: [], progress: [] };
    for (let kill = 0; kill < kills; kill += 1) {
      const name = `kill-${String(kill)}`;
      await world.start(name, 'NINE');
      const workflowId = recoveryId(`chaos/${name}`);
      const done = 1 + (kill % 5);
      await until(async () => world.seen(name).effects.length >= done, `command ${String(done)} of ${name}`);
      await new Promise((resolve) => setTimeout(resolve, random.below(SPREAD_MS)));
      const killedMs = Date.now();
      const restarted = world.killWorker().then(() => samples.ready.push(Date.now() - killedMs));
      const known = new Set((await signsOf(world.client, workflowId)).map(({ by }) => by));
      const look = async (): Promise<Sign | undefined> =>
        (await signsOf(world.client, workflowId)).find(({ by }) => !known.has(by));
      const [sign] = await Promise.all([until(look, `progress of ${name} after the kill`, 60_000), restarted]);
      samples.progress.push(sign.atMs - killedMs);
      await world.client.workflow.getHandle(workflowId).terminate('the bench has seen what it wanted');
    }
    return { readyMs: summarise(samples.ready), progressMs: summarise(samples.progress) };
  } finally {
    await world.close();
  }
}

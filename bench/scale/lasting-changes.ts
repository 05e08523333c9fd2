// What lives as long as the namespace: the cost of one change of it.
import type { CheckpointRecord } from '../../src/domain/checkpoint.ts';
import type { Monitor } from '../../src/domain/monitor.ts';
import { breakerId, hostRecordId, ledgerId, monitorId, WORKFLOW_TYPES } from '../../src/domain/wire-names.ts';
import { until } from '../../test/support/until.ts';
import { drive } from '../drive.ts';
import { countHistory, type HistoryCounts } from './count-history.ts';
import { rounded } from './mean.ts';
import { meter, type Cost } from './meter.ts';
import type { ScaleWorld } from './scale-world.ts';

export interface LastingCost {
  name: string;
  /** What was done so many times. */
  of: string;
  times: number;
  events: number;
  bytes: number;
  actions: number;
  cost: Cost;
}

interface Changed {
  name: string;
  of: string;
  workflowId: string;
}

/** What its history grows by with each of some changes; the first one, which makes it, is not counted. */
async function changing(
  world: ScaleWorld,
  { name, of, workflowId }: Changed,
  times: number,
  change: (index: number) => Promise<unknown>,
): Promise<LastingCost> {
  await change(0);
  const before = await countHistory(world.client, workflowId);
  let index = 0;
  const cost = await meter(world, times, () => drive(times, 1, () => change((index += 1))));
  const after = await countHistory(world.client, workflowId);
  const each = (field: keyof HistoryCounts): number => rounded((after[field] - before[field]) / times);
  return { name, of, times, events: each('events'), bytes: each('bytes'), actions: each('actions'), cost };
}

const SUBJECT = 'workspace/lasting';

export async function changeLedger(
  world: ScaleWorld,
  times: number,
): Promise<{ changes: LastingCost[]; recordBytes: number }> {
  const { recoveries, host, workspace: root } = world;
  const made: CheckpointRecord[] = [];
  const about = { name: 'ledger', workflowId: ledgerId(SUBJECT) };
  const create = await changing(world, { ...about, of: 'a checkpoint made' }, times, async (index) =>
    made.push(await recoveries.checkpoints.create(SUBJECT, { name: `c-${String(index)}`, type: 'auto', host, root })),
  );
  const restore = await changing(world, { ...about, of: 'a checkpoint restored, with its backup' }, times, (index) =>
    recoveries.checkpoints.restore(SUBJECT, made[index]?.info.id ?? '', 'bench'),
  );
  return { changes: [create, restore], recordBytes: Buffer.byteLength(JSON.stringify(made[0])) };
}

export const changeBreaker = (world: ScaleWorld, times: number): Promise<LastingCost> =>
  changing(world, { name: 'breaker', of: 'a report of a worker', workflowId: breakerId('scale') }, times, (index) =>
    world.recoveries.breakers.report('scale', {
      ...{ id: `report-${String(index)}`, by: 'bench', generation: 1 },
      results: [{ ok: true, durationMs: 5 }],
    }),
  );

export const changeHostRecord = (world: ScaleWorld): Promise<LastingCost> =>
  changing(world, { name: 'host record', of: 'a start of its worker', workflowId: hostRecordId(world.host) }, 2, () =>
    world.renewWorker(),
  );

const WATCH_MS = 1500;

/** Watches of a second instead of five minutes: the events of one are the same. `monitor` looks once a second. */
export async function changeMonitor(world: ScaleWorld, monitor: Monitor, times: number): Promise<LastingCost> {
  const { client, taskQueue } = world;
  const workflowId = monitorId(monitor.name);
  const args = [{ monitor, watchMs: WATCH_MS }];
  const handle = await client.workflow.start(WORKFLOW_TYPES.healthMonitor, { workflowId, taskQueue, args });
  const watched = async (watches: number): Promise<HistoryCounts | false> => {
    const counts = await countHistory(client, workflowId);
    return counts.activityTasks >= watches && counts;
  };
  // The first ones say that all is well, which is news.
  const before = await until(() => watched(4), 'the first watches');
  let after = before;
  const cost = await meter(world, times, async () => {
    after = await until(() => watched(before.activityTasks + times), 'the watches', 120_000);
  });
  await handle.terminate('measured');
  const count = after.activityTasks - before.activityTasks;
  const each = (field: keyof HistoryCounts): number => rounded((after[field] - before[field]) / count);
  return {
    ...{ name: 'monitor', of: 'a watch without news', times: count },
    ...{ events: each('events'), bytes: each('bytes'), actions: each('actions'), cost },
  };
}

// What one recovery costs, by the number of its actions and by their kinds.
import type { RecoveryHandle } from '../../src/client/recovery-handle.ts';
import { drive } from '../drive.ts';
import { countHistory, type HistoryCounts } from './count-history.ts';
import { needsCheckpoint, planOf, type Kind } from './kinds.ts';
import { mean } from './mean.ts';
import { meter, type Cost } from './meter.ts';
import { recoverOne } from './recover.ts';
import type { ScaleWorld } from './scale-world.ts';

export interface RecoveryCost {
  name: string;
  what: string;
  group: 'plan' | 'kind';
  runs: number;
  /** Means of the recoveries' own histories. */
  history: HistoryCounts;
  cost: Cost;
}

export interface OneRecoveryExtent {
  runs: number;
  plans: readonly number[];
  kinds: readonly Kind[];
}

const IN_FLIGHT = 4;
const SUBJECT = 'workspace/scale';

const meanOf = (counts: readonly HistoryCounts[]): HistoryCounts => {
  const [first] = counts;
  if (!first) throw new Error('nothing was counted');
  const fields = Object.keys(first) as (keyof HistoryCounts)[];
  return Object.fromEntries(
    fields.map((field) => [field, mean(counts.map((one) => one[field]))]),
  ) as unknown as HistoryCounts;
};

async function measureKind(world: ScaleWorld, kind: Kind, runs: number): Promise<Omit<RecoveryCost, 'group'>> {
  const { name, what } = kind;
  // What is loaded and compiled by the first ones is not theirs alone.
  await drive(2, 2, () => recoverOne(world, kind));
  const ended: RecoveryHandle[] = [];
  const cost = await meter(world, runs, () =>
    drive(runs, IN_FLIGHT, async () => ended.push(await recoverOne(world, kind))),
  );
  const counts = [];
  for (const { workflowId, runId } of ended) counts.push(await countHistory(world.client, workflowId, runId));
  return { name, what, runs, history: meanOf(counts), cost };
}

export async function measureRecoveries(
  world: ScaleWorld,
  { runs, plans, kinds }: OneRecoveryExtent,
  tell: (line: string) => void,
): Promise<RecoveryCost[]> {
  const { recoveries, host, workspace: root } = world;
  await recoveries.checkpoints.create(SUBJECT, { name: 'before', type: 'manual', host, root });
  const found: RecoveryCost[] = [];
  for (const kind of plans.map(planOf)) found.push({ group: 'plan', ...(await measureKind(world, kind, runs)) });
  for (const kind of kinds) {
    tell(`  ${kind.name}`);
    const placed = needsCheckpoint(kind) ? { ...kind, failure: { subject: SUBJECT, host } } : kind;
    found.push({ group: 'kind', ...(await measureKind(world, placed, runs)) });
  }
  return found;
}

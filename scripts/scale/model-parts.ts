import type { Assumptions } from './assumptions.ts';
import {
  named,
  totalOf,
  type Measured,
  type MeasuredCost,
  type MeasuredRates,
  type MeasuredRecovery,
} from './measured.ts';

/** What one recovery of the model costs: so many actions, and now and then an approval and a checkpoint. */
export interface UnitCost {
  events: number;
  historyBytes: number;
  stateTransitions: number;
  workflowTasks: number;
  activityTasks: number;
  actions: number;
  calls: number;
  databaseWrites: number;
  databaseBytes: number;
  workerCpuMs: number;
  serverCpuMs: number;
}

type Costed = Pick<MeasuredRecovery, 'history' | 'cost'>;

export const unitOf = ({ history, cost }: Costed): UnitCost => ({
  events: history.events,
  historyBytes: history.bytes,
  stateTransitions: history.stateTransitions,
  workflowTasks: history.workflowTasks,
  activityTasks: history.activityTasks,
  actions: billedOf({ history, cost }),
  calls: totalOf(cost.calls),
  databaseWrites: totalOf(cost.databaseWrites),
  databaseBytes: cost.databaseBytes,
  workerCpuMs: cost.workerCpuMs,
  serverCpuMs: cost.serverCpuMs,
});

const combine = (terms: readonly [UnitCost, number][]): UnitCost => {
  const [first] = terms;
  if (!first) throw new Error('there is nothing to combine');
  const fields = Object.keys(first[0]) as (keyof UnitCost)[];
  const sums = fields.map(
    (field) => [field, terms.reduce((sum, [unit, times]) => sum + unit[field] * times, 0)] as const,
  );
  return Object.fromEntries(sums) as Record<keyof UnitCost, number>;
};

/** Between two plans that were measured, and beyond them, along a straight line. */
function planUnit(plans: readonly MeasuredRecovery[], actions: number): UnitCost {
  const sizes = plans.map((plan) => ({ size: Number(plan.name.replace('plan-', '')), unit: unitOf(plan) }));
  sizes.sort((a, b) => a.size - b.size);
  const above = Math.max(
    1,
    sizes.findIndex(({ size }) => size >= actions),
  );
  const low = sizes[above - 1];
  const high = sizes[above] ?? low;
  if (!low || !high) throw new Error('no plans were measured');
  const share = high.size === low.size ? 0 : (actions - low.size) / (high.size - low.size);
  return combine([
    [low.unit, 1 - share],
    [high.unit, share],
  ]);
}

export function recoveryUnit(
  { recoveries, lasting }: Measured,
  { actions, approvals, checkpoints }: Assumptions,
): UnitCost {
  const plain = unitOf(named(recoveries, 'retry'));
  const made = lasting.changes.find(({ name }) => name === 'ledger');
  if (!made) throw new Error('the results have no ledger');
  const checkpoint: UnitCost = {
    ...unitOf({ history: { ...named(recoveries, 'retry').history }, cost: made.cost }),
    ...{ events: made.events, historyBytes: made.bytes, actions: billedOf({ history: made, cost: made.cost }) },
    ...{ stateTransitions: made.events / 2, workflowTasks: 1, activityTasks: 1 },
  };
  return combine([
    [
      planUnit(
        recoveries.filter(({ group }) => group === 'plan'),
        actions,
      ),
      1,
    ],
    [unitOf(named(recoveries, 'approved')), approvals],
    [plain, -approvals],
    [checkpoint, checkpoints],
  ]);
}

/** Heartbeats and queries are billed and leave no event. */
const UNSEEN = ['RecordActivityTaskHeartbeat', 'QueryWorkflow'];
const unseenIn = (calls: Record<string, number>): number => UNSEEN.reduce((sum, name) => sum + (calls[name] ?? 0), 0);

/** What Temporal Cloud bills: the events of the history, and what leaves none. */
export const billedOf = ({
  history,
  cost,
}: {
  history: { actions: number };
  cost: Pick<MeasuredCost, 'calls'>;
}): number => history.actions + unseenIn(cost.calls);

const MINUTES = 24 * 60;

/** In a day: what is called beyond an idle worker, and what of it is billed. */
export const perDay = (rates: MeasuredRates, idle: MeasuredRates): { unseen: number; calls: number } => ({
  unseen: Math.max(0, unseenIn(rates.calls) - unseenIn(idle.calls)) * MINUTES,
  calls: Math.max(0, totalOf(rates.calls) - totalOf(idle.calls)) * MINUTES,
});

/** Calls that Temporal answers from the lists of executions. */
export const visibilityCalls = ({ calls }: Pick<MeasuredCost, 'calls'>): number =>
  totalOf(Object.fromEntries(Object.entries(calls).filter(([name]) => /^(List|Count|Scan)Workflow/.test(name))));

/** Growth of a figure from the level before the last to the last one, for each. */
export function slope<T>(levels: readonly T[], size: (level: T) => number, figure: (level: T) => number): number {
  const last = levels.at(-1);
  const before = levels.at(-2);
  if (!last || !before) throw new Error('a slope needs two levels');
  return (figure(last) - figure(before)) / (size(last) - size(before));
}

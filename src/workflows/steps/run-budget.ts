import type { Lane } from '../../domain/failure.ts';
import { formatMs, toMs } from '../../domain/duration.ts';
import type { RunReport } from '../../domain/run.ts';
import type { RunState } from '../run-state.ts';

/** Requirement 3.4: the upper end of each lane, in milliseconds. */
const LANE_BUDGET_MS: Record<Lane, number> = { docs: 5 * 60_000, standard: 15 * 60_000, heavy: 30 * 60_000 };

export function budgetOf(state: RunState): NonNullable<RunReport['budget']> {
  const { budget, lane } = state.input.pipeline.spec;
  const limitMs = budget?.limit === undefined ? LANE_BUDGET_MS[lane] : toMs(budget.limit);
  const usedMs = Date.now() - state.startedAt;
  return { limitMs, usedMs, exceeded: usedMs > limitMs };
}

/** True when the run has to stop before its next step, with the reason in its error. */
export function overBudget(state: RunState): boolean {
  const { budget } = state.input.pipeline.spec;
  if (budget?.onExceeded !== 'stop') return false;
  const { exceeded, usedMs, limitMs } = budgetOf(state);
  if (!exceeded) return false;
  const message = `the run took ${formatMs(usedMs)}, its budget is ${formatMs(limitMs)}`;
  state.error = { code: 'timed-out', message, remedy: 'Raise spec.budget.limit, or take a heavier lane.' };
  return true;
}

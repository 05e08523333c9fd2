import type { PlannedAction } from '../domain/action.ts';
import type { Category } from '../domain/failure.ts';
import type { Plan } from '../domain/plan.ts';

/** High: changes state that a person may miss. Medium: changes something with an undo or leaves something out. */
export function assessRisk(actions: readonly PlannedAction[], category: Category): Plan['risk'] {
  if (category === 'SECURITY' || category === 'CRITICAL') return 'high';
  const types = new Set(actions.map((action) => action.type));
  if (types.has('abort')) return 'high';
  const uncompensated = actions.some((action) => action.type === 'run' && !action.compensation);
  return types.has('rollback') || types.has('resume') || types.has('skip') || uncompensated ? 'medium' : 'low';
}

import type { PlannedAction } from './action.ts';

export type Reversibility = 'reversible' | 'compensated' | 'irreversible';

/**
 * How an action can be taken back: by itself (it changes nothing, or keeps a backup of what it changes), by the undo
 * registered with it, or not at all.
 */
export function reversibilityOf(action: Pick<PlannedAction, 'type' | 'compensation'>): Reversibility {
  switch (action.type) {
    case 'wait':
    case 'escalate':
    case 'rollback':
    case 'skip':
      return action.compensation ? 'compensated' : 'reversible';
    case 'run':
    case 'manual':
    case 'retry':
    case 'resume':
    case 'abort':
      return action.compensation ? 'compensated' : 'irreversible';
  }
}

/**
 * The first action that changes something beyond what failed and that nothing takes back. Trying again what failed is
 * not one: it was to be done anyway.
 */
export function pointOfNoReturn(actions: readonly PlannedAction[]): string | undefined {
  const beyond = (action: PlannedAction) =>
    action.type === 'run' || action.type === 'abort' || action.type === 'manual';
  return actions.find((action) => beyond(action) && reversibilityOf(action) === 'irreversible')?.id;
}

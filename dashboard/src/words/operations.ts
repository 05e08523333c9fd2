import { describeOperation } from '../../../src/domain/operation.ts';
import type { PlannedAction } from '../api/types.ts';

/** What an action of a plan does, in one line. */
export function describeAction(action: PlannedAction): string {
  switch (action.type) {
    case 'retry': {
      const tries = action.retry.maximumAttempts > 1 ? `up to ${action.retry.maximumAttempts} times ` : '';
      return `${tries}${action.steps.map(({ operation }) => describeOperation(operation)).join(', then ')}`;
    }
    case 'resume':
    case 'rollback':
      return `${action.subject} to ${action.checkpointId}`;
    case 'run':
      return describeOperation(action.operation);
    case 'wait':
      return action.for === undefined ? 'until its probes pass' : `for ${action.for}`;
    case 'manual':
      return action.instructions;
    case 'escalate':
      return `to ${action.to.join(', ')}`;
    case 'abort':
      return action.reason;
    case 'skip':
      return 'go on without it';
  }
}

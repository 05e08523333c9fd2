import { shortHash } from './plan.ts';
import type { WaitingFor } from './recovery.ts';

interface Wait {
  workflowId: string;
  waitingFor?: WaitingFor | undefined;
  planHash?: string | undefined;
}

/** What a person types to end the present wait; `signed` are the options that say who decides and why. */
export function unblockCommands({ workflowId, waitingFor, planHash }: Wait, signed: string): string[] {
  const action = waitingFor?.actionId ?? '';
  switch (waitingFor?.kind) {
    case 'approval':
      return [`rerail recovery approve ${workflowId} --plan-hash ${shortHash(planHash ?? '')} ${signed}`];
    case 'manual':
      return [`rerail recovery complete ${workflowId} ${action} ${signed}`];
    case 'decision':
      return [`rerail recovery decide ${workflowId} ${action} retry|skip|abort|escalate ${signed}`];
    case 'resume':
      return [`rerail recovery resume ${workflowId} ${signed}`];
    case 'breaker':
      return [`rerail breaker reset ${(waitingFor?.key ?? '').replace(/^breaker:/, '')} ${signed}`];
    default:
      return [];
  }
}

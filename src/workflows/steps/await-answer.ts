import { condition } from '@temporalio/workflow';
import { toMs, type Duration } from '../../domain/duration.ts';
import type { RecoveryStatus, WaitingFor } from '../../domain/recovery.ts';
import { isoNow, note, publish, setStatus, type RecoveryState } from '../recovery-state.ts';

export interface Wait {
  kind: WaitingFor['kind'];
  key: string;
  status: RecoveryStatus;
  /** Absent: waits until it is answered. */
  timeout?: Duration | undefined;
  actionId?: string;
  /** Said in the timeline when the wait begins. */
  message: string;
}

/**
 * Waits for a person: the wait is visible in status, attributes and details, counts as human time, and ends by itself.
 * Returns false when the time ran out. The status before is put back.
 */
export async function awaitAnswer(state: RecoveryState, wait: Wait, answered: () => boolean): Promise<boolean> {
  const since = Date.now();
  const before = state.status;
  const until = wait.timeout === undefined ? undefined : new Date(since + toMs(wait.timeout)).toISOString();
  state.waitingFor = {
    kind: wait.kind,
    key: wait.key,
    since: isoNow(),
    ...(until ? { until } : {}),
    ...(wait.actionId ? { actionId: wait.actionId } : {}),
  };
  note(state, 'status', wait.message, wait.actionId ? { actionId: wait.actionId } : {});
  setStatus(state, wait.status);
  publish(state);
  try {
    if (wait.timeout === undefined) await condition(answered);
    else return await condition(answered, wait.timeout, { summary: `deadline of ${wait.key}` });
    return true;
  } finally {
    state.humanWaitMs += Date.now() - since;
    delete state.waitingFor;
    // A plan that has been decided on is no longer being made.
    setStatus(state, before === 'planning' ? 'executing' : before);
  }
}

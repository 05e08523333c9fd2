import { note, publish, setStatus, type RecoveryState } from '../recovery-state.ts';
import { awaitDecision, decisionsWith } from './await-decision.ts';
import { runUndo, undoAll, type SagaEntry } from './saga.ts';

const NOT_FOR_UNDO = 'this is the undo of an action: try it again or leave it';

/**
 * Undoes what was registered, newest first, whatever state the recovery is in. A failing undo waits for a person, who
 * may have it tried again or leave it; the others still run, and the report leads with it.
 */
export async function compensate(state: RecoveryState): Promise<void> {
  if (state.saga.length === 0) return;
  const before = state.status;
  setStatus(state, 'compensating');
  state.undoing = true;
  await undoAll(state.saga, (entry) => undoOne(state, entry));
  state.undoing = false;
  setStatus(state, before);
}

async function undoOne(state: RecoveryState, entry: SagaEntry): Promise<void> {
  const action = state.actions.find(({ id }) => id === entry.actionId);
  for (let round = 1; ; round++) {
    const record = await runUndo(entry, round);
    note(state, 'compensation', `${record.title}: ${record.ok ? 'done' : `failed: ${record.error?.message ?? ''}`}`, {
      actionId: entry.actionId,
    });
    if (action) action.status = record.ok ? 'compensated' : 'compensation_failed';
    publish(state);
    const answer = record.error
      ? await awaitDecision(
          state,
          entry.actionId,
          record.error,
          decisionsWith({
            supply: NOT_FOR_UNDO,
            rollback: NOT_FOR_UNDO,
            handover: NOT_FOR_UNDO,
            abort: NOT_FOR_UNDO,
            escalate: NOT_FOR_UNDO,
          }),
        )
      : undefined;
    if (answer?.decision === 'retry') continue;
    state.compensations.push(record);
    return;
  }
}

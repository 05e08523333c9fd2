import { publishRun, type RunState } from '../run-state.ts';
import { runUndo, undoAll } from './saga.ts';

/** Undoes the steps that were begun, newest first; one failing undo never hides the others (requirement 5.4). */
export async function compensateRun(state: RunState): Promise<void> {
  if (state.saga.length === 0) return;
  state.status = 'compensating';
  publishRun(state);
  await undoAll(state.saga, async (entry) => {
    const record = await runUndo(entry, 1);
    state.compensations.push(record);
    const step = state.steps.find((candidate) => `${candidate.phase}/${candidate.step}` === entry.actionId);
    if (step && record.ok) step.status = 'compensated';
    publishRun(state);
  });
}

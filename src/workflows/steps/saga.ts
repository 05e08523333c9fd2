import { CancellationScope } from '@temporalio/workflow';
import type { CompensationSpec } from '../../domain/action.ts';
import type { Duration } from '../../domain/duration.ts';
import type { CompensationRecord } from '../../domain/report.ts';
import { effectKey } from '../effect-key.ts';
import { executeOperation } from './execute-operation.ts';
import { recordError, toRecorded } from './record-error.ts';

export interface SagaEntry {
  actionId: string;
  /** Default: the action's id. */
  key?: string;
  compensation: CompensationSpec;
  timeout: Duration;
}

/**
 * Undoes what was registered, newest first, whatever is cancelled meanwhile. What `undoOne` does with a failure is its own
 * matter; it does not throw, so that the next ones get their turn (requirement 5.4).
 */
export function undoAll<Entry>(registered: Entry[], undoOne: (entry: Entry) => Promise<void>): Promise<void> {
  return CancellationScope.nonCancellable(async () => {
    for (let entry = registered.pop(); entry !== undefined; entry = registered.pop()) await undoOne(entry);
  });
}

const TRIES = 3;

/**
 * One undo, tried up to three times, never interrupted by cancellation. `round` tells a person's renewed try from the
 * first. Never throws: what went wrong is in the record.
 */
export function runUndo(entry: SagaEntry, round: number): Promise<CompensationRecord> {
  return CancellationScope.nonCancellable(async () => {
    const startedAt = Date.now();
    const base = { actionId: entry.actionId, title: entry.compensation.title };
    for (let attempt = 1; ; attempt++) {
      try {
        await executeOperation(entry.compensation.operation, {
          key: effectKey(`undo/${entry.key ?? entry.actionId}/${round}.${attempt}`),
          summary: `Undo ${entry.actionId}, try ${attempt} of ${TRIES}`,
          timeout: entry.timeout,
        });
        return { ...base, ok: true, attempts: attempt, durationMs: Date.now() - startedAt };
      } catch (error) {
        const caught = recordError(error);
        if (attempt < TRIES && caught.retryable) continue;
        return { ...base, ok: false, attempts: attempt, durationMs: Date.now() - startedAt, error: toRecorded(caught) };
      }
    }
  });
}

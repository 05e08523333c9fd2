import { DEFAULT_RETRY, type PlannedAction } from '../../domain/action.ts';
import type { ActionRecord } from '../../domain/recovery.ts';
import { note, type RecoveryState } from '../recovery-state.ts';
import { attemptSteps, type AttemptOptions, type AttemptResult } from './attempt-steps.ts';

/**
 * Tries as often as the action says; when that is spent, or its breaker lets nothing through, does the fallback once,
 * whose output stands in (requirement 5.3). The action's record says so.
 */
export async function attemptOrFallBack(
  state: RecoveryState,
  action: Extract<PlannedAction, { type: 'retry' | 'run' }>,
  record: ActionRecord,
  options: Pick<AttemptOptions, 'steps' | 'timeout' | 'round'>,
): Promise<AttemptResult> {
  const { retry, breaker, fallback } = action;
  const result = await attemptSteps(state, record, { ...options, retry, breaker });
  if (result.ok || !fallback) return result;
  note(state, 'action', `${action.id}: falls back to ${fallback.title}`, { actionId: action.id });
  const steps = [{ name: `fallback, ${fallback.title}`, operation: fallback.operation }];
  const stood = await attemptSteps(state, record, { ...options, steps, retry: DEFAULT_RETRY, prefix: 'fallback/' });
  if (!stood.ok) {
    const message = `${result.error.message}; the fallback failed as well: ${stood.error.message}`;
    return { ok: false, error: { ...result.error, message } };
  }
  record.note = `fallback: ${fallback.title} stands in after: ${result.error.message}`;
  return { ...stood, fellBack: true };
}

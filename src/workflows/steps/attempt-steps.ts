import { isCancellation, sleep } from '@temporalio/workflow';
import type { RetrySpec } from '../../domain/action.ts';
import type { ReplayStep } from '../../domain/action.schema.ts';
import type { Json } from '../../domain/canonical-json.ts';
import { formatMs, type Duration } from '../../domain/duration.ts';
import type { OperationResult } from '../../domain/operation.ts';
import type { ActionRecord } from '../../domain/recovery.ts';
import { resolveTemplates } from '../../domain/template.ts';
import { backoffMs } from '../../resilience/backoff.ts';
import { effectKey } from '../effect-key.ts';
import { isoNow, note, publish, type RecoveryState } from '../recovery-state.ts';
import { executeOperation } from './execute-operation.ts';
import { recordError, toRecorded, type CaughtError } from './record-error.ts';

export interface AttemptOptions {
  steps: readonly ReplayStep[];
  retry: RetrySpec;
  timeout: Duration;
  /** Tells a person's renewed try from the first, so that keys never repeat. */
  round: number;
}

export type AttemptResult = { ok: true; output: Json } | { ok: false; error: CaughtError };

const isRecord = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function runSteps(state: RecoveryState, record: ActionRecord, options: AttemptOptions, attempt: number) {
  const scope = { actions: Object.fromEntries(state.actions.map(({ id, output }) => [id, { output }])) };
  const of = options.retry.maximumAttempts > 1 ? `, try ${attempt} of ${options.retry.maximumAttempts}` : '';
  let result: OperationResult = { durationMs: 0 };
  let outputs: Record<string, Json> = {};
  for (const [index, step] of options.steps.entries()) {
    result = await executeOperation(resolveTemplates(step.operation, scope), {
      key: effectKey(`${record.id}/${options.round}.${attempt}.${index}`),
      summary: `${record.id}: ${step.name}${of}`,
      timeout: options.timeout,
    });
    if (isRecord(result.output)) outputs = { ...outputs, ...result.output };
  }
  // A run that goes on needs what each of the steps put out, not only the last one.
  return Object.keys(outputs).length > 0 ? { ...result, output: outputs } : result;
}

/**
 * Does the steps in order, again from the first after a failure, with backoff between tries and `Retry-After` obeyed.
 * Each try is a set of activities of its own, so that the history shows what every one of them did.
 */
export async function attemptSteps(
  state: RecoveryState,
  record: ActionRecord,
  options: AttemptOptions,
): Promise<AttemptResult> {
  const { retry } = options;
  for (let attempt = 1; ; attempt++) {
    const startedAt = isoNow();
    const started = Date.now();
    const number = record.attempts.length + 1;
    try {
      const { durationMs: _durationMs, ...output } = await runSteps(state, record, options, attempt);
      record.attempts.push({ number, startedAt, durationMs: Date.now() - started, ok: true });
      return { ok: true, output };
    } catch (error) {
      if (isCancellation(error)) throw error;
      const caught = recordError(error);
      record.attempts.push({
        number,
        startedAt,
        durationMs: Date.now() - started,
        ok: false,
        error: toRecorded(caught),
      });
      note(state, 'attempt', `${record.id}: try ${attempt} of ${retry.maximumAttempts} failed: ${caught.message}`, {
        actionId: record.id,
      });
      publish(state);
      if (attempt >= retry.maximumAttempts || !caught.retryable) return { ok: false, error: caught };
      const delay = Math.max(backoffMs(retry, attempt, Math.random), caught.retryAfterMs ?? 0);
      await sleep(delay, { summary: `${record.id}: next try in ${formatMs(delay)}` });
    }
  }
}

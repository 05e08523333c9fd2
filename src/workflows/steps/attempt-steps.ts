import { patched } from '@temporalio/workflow';
import type { RetrySpec } from '../../domain/action.ts';
import type { ReplayStep } from '../../domain/action.schema.ts';
import type { Json } from '../../domain/canonical-json.ts';
import type { Duration } from '../../domain/duration.ts';
import type { OperationResult } from '../../domain/operation.ts';
import type { ActionRecord } from '../../domain/recovery.ts';
import { resolveTemplates } from '../../domain/template.ts';
import { hasVersion, stopWhereCancelled } from '../execution-version.ts';
import { effectKey, strategyKey } from '../effect-key.ts';
import { note, publish, type RecoveryState } from '../recovery-state.ts';
import { executeOperation } from './execute-operation.ts';
import type { CaughtError } from './record-error.ts';
import { tryRepeatedly, type TryGuard } from './try-repeatedly.ts';
import { enterBreaker, tellBreaker, type Admitted } from './use-breaker.ts';

export interface AttemptOptions {
  steps: readonly ReplayStep[];
  retry: RetrySpec;
  timeout: Duration;
  /** Tells a person's renewed try from the first, so that keys never repeat. */
  round: number;
  /** Tells the tries of a fallback from those before it. */
  prefix?: string;
  /** Asked before each try and told of each outcome. */
  breaker?: string | undefined;
}

export type AttemptResult =
  | { ok: true; output: Json; /** The fallback's output stands in. */ fellBack?: true }
  | { ok: false; error: CaughtError };

const isRecord = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function runSteps(state: RecoveryState, record: ActionRecord, options: AttemptOptions, attempt: number) {
  const scope = { actions: Object.fromEntries(state.actions.map(({ id, output }) => [id, { output }])) };
  const of = options.retry.maximumAttempts > 1 ? `, try ${attempt} of ${options.retry.maximumAttempts}` : '';
  let result: OperationResult = { durationMs: 0 };
  let outputs: Record<string, Json> = {};
  for (const [index, step] of options.steps.entries()) {
    result = await executeOperation(resolveTemplates(step.operation, scope), {
      key: effectKey(strategyKey(state, `${record.id}/${options.prefix ?? ''}${options.round}.${attempt}.${index}`)),
      summary: `${record.id}: ${step.name}${of}`,
      timeout: options.timeout,
      ...(hasVersion(state.input, 2) ? { waitWhenCancelled: true } : {}),
    });
    if (hasVersion(state.input, 2)) stopWhereCancelled();
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
  const { retry, breaker } = options;
  // Plans of earlier versions may name a breaker that nobody asked.
  const guard: TryGuard<Admitted> | undefined =
    breaker === undefined
      ? undefined
      : {
          enter: async (attempt) =>
            patched('ask-breaker') ? enterBreaker(state, record, { ...options, breaker }, attempt) : undefined,
          tell: (admitted, outcome) => tellBreaker(state, admitted, outcome),
        };
  const tried = await tryRepeatedly({
    id: record.id,
    retry,
    attempts: record.attempts,
    guard,
    perform: (attempt) => runSteps(state, record, options, attempt),
    onFailure: ({ message }, attempt) => {
      note(state, 'attempt', `${record.id}: try ${attempt} of ${retry.maximumAttempts} failed: ${message}`, {
        actionId: record.id,
      });
      publish(state);
    },
  });
  if (!tried.ok) return tried;
  const { durationMs: _durationMs, ...output } = tried.result;
  return { ok: true, output };
}

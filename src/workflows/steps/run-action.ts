import { isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import { DEFAULT_RETRY, type PlannedAction } from '../../domain/action.ts';
import type { CompleteManualStepInput } from '../../domain/approval.ts';
import type { Json } from '../../domain/canonical-json.ts';
import { toMs } from '../../domain/duration.ts';
import { describeOperation } from '../../domain/operation.ts';
import type { ActionRecord } from '../../domain/recovery.ts';
import { sharedActivities } from '../activity-proxies.ts';
import { strategyKey } from '../effect-key.ts';
import { isoNow, note, publish, type RecoveryState } from '../recovery-state.ts';
import { attemptSteps, type AttemptResult } from './attempt-steps.ts';
import { attemptOrFallBack } from './fall-back.ts';
import { awaitAnswer } from './await-answer.ts';
import { buildEvidence } from './evidence.ts';
import { recordError, toRecorded } from './record-error.ts';
import { rollBack } from './roll-back.ts';
import { allPass, awaitProbes } from './verify.ts';

const ok = (output: Json = null): AttemptResult => ({ ok: true, output });
const failed = (code: string, message: string): AttemptResult => ({
  ok: false,
  error: { code, message, retryable: false },
});

async function completeManually(
  state: RecoveryState,
  action: Extract<PlannedAction, { type: 'manual' }>,
): Promise<AttemptResult> {
  const open: { actionId: string; answer?: CompleteManualStepInput } = { actionId: action.id };
  state.open.manual = open;
  try {
    await awaitAnswer(
      state,
      {
        kind: 'manual',
        key: `manual:${action.id}`,
        status: 'awaiting_operator',
        timeout: action.timeout,
        actionId: action.id,
        message: `${action.id} waits for a person: ${action.title}`,
      },
      () => open.answer !== undefined,
    );
  } finally {
    delete state.open.manual;
  }
  const { answer } = open;
  if (!answer) {
    if (action.onTimeout === 'continue') return ok({ outcome: 'nobody answered in time' });
    return failed('timed-out', `nobody completed it within ${action.timeout}`);
  }
  if (answer.outcome === 'failed')
    return failed('manual-step-failed', `${answer.by} could not do it: ${answer.note ?? 'no note'}`);
  return ok({ by: answer.by, note: answer.note ?? null, output: answer.output ?? null });
}

async function waitFor(state: RecoveryState, action: Extract<PlannedAction, { type: 'wait' }>): Promise<AttemptResult> {
  if (action.for) await sleep(action.for, { summary: `${action.id}: ${action.title}` });
  if (action.until.length === 0) return ok();
  const readings = await awaitProbes(action.until, toMs(action.timeout), 1000);
  for (const { name, passed, observed } of readings)
    note(state, 'probe', `${name} ${passed ? 'passes' : 'fails'}: ${observed}`);
  return allPass(readings) ? ok() : failed('probe-failed', `not healthy within ${action.timeout}`);
}

async function perform(
  state: RecoveryState,
  action: PlannedAction,
  record: ActionRecord,
  round: number,
): Promise<AttemptResult> {
  const { timeout } = action;
  switch (action.type) {
    case 'retry':
      return attemptOrFallBack(state, action, record, { steps: action.steps, timeout, round });
    case 'run': {
      const steps = [{ name: describeOperation(action.operation), operation: action.operation }];
      return attemptOrFallBack(state, action, record, { steps, timeout, round });
    }
    case 'rollback':
      return ok(await rollBack(state, action));
    case 'resume':
      await rollBack(state, action);
      return attemptSteps(state, record, { steps: action.steps, retry: DEFAULT_RETRY, timeout, round });
    case 'wait':
      return waitFor(state, action);
    case 'manual':
      return completeManually(state, action);
    case 'escalate': {
      const { escalate } = sharedActivities({ timeout, summary: `${action.id}: call ${action.to.join(', ')}` });
      const receipt = await escalate({
        key: `${workflowInfo().workflowId}/${workflowInfo().runId}/${strategyKey(state, action.id)}`,
        to: action.to,
        evidence: buildEvidence(state),
      });
      state.escalated = true;
      return ok(receipt);
    }
    case 'abort':
      state.aborted = true;
      return ok({ reason: action.reason });
    case 'skip':
      return ok();
  }
}

type Succeeded = Extract<AttemptResult, { ok: true }>;

/** What the end of a performed action means for the failure. */
function settle(state: RecoveryState, action: PlannedAction, { output, fellBack }: Succeeded): void {
  if (action.type !== 'retry' && action.type !== 'resume' && action.type !== 'skip') return;
  state.resolution = fellBack ? 'fallback' : action.type;
  if (action.type !== 'skip') state.resolutionOutput = output;
}

/** Runs one action to its end and writes its record. A cancellation passes through, everything else is recorded. */
export async function runAction(
  state: RecoveryState,
  action: PlannedAction,
  record: ActionRecord,
  round: number,
): Promise<boolean> {
  const started = Date.now();
  state.current = action;
  state.times.t3 ??= isoNow();
  record.startedAt ??= isoNow();
  record.status = action.type === 'manual' ? 'waiting' : 'running';
  delete record.error;
  note(state, 'action', `${action.id}: ${action.title}`, { actionId: action.id });
  publish(state);
  try {
    if (action.compensation && !state.saga.some(({ actionId }) => actionId === action.id)) {
      state.saga.push({
        actionId: action.id,
        key: strategyKey(state, action.id),
        compensation: action.compensation,
        timeout: action.timeout,
      });
    }
    const result = await tryToPerform(state, action, record, round);
    if (result.ok) {
      record.status = 'succeeded';
      record.output = result.output;
      settle(state, action, result);
    } else {
      record.status = result.error.code === 'timed-out' ? 'timed_out' : 'failed';
      record.error = toRecorded(result.error);
    }
    const how = result.ok ? 'succeeded' : `failed: ${result.error.message}`;
    note(state, 'action', `${action.id} ${how}`, { actionId: action.id });
    return result.ok;
  } catch (error) {
    record.status = 'cancelled';
    throw error;
  } finally {
    record.finishedAt = isoNow();
    record.durationMs += Date.now() - started;
    delete state.current;
    publish(state);
  }
}

async function tryToPerform(
  state: RecoveryState,
  action: PlannedAction,
  record: ActionRecord,
  round: number,
): Promise<AttemptResult> {
  const startedAt = isoNow();
  const started = Date.now();
  const counts = action.type === 'retry' || action.type === 'run' || action.type === 'resume';
  const result = await perform(state, action, record, round).catch((error: unknown): AttemptResult => {
    if (isCancellation(error)) throw error;
    return { ok: false, error: recordError(error) };
  });
  if (!counts || (!result.ok && record.attempts.at(-1)?.ok !== false)) {
    const error = result.ok ? {} : { error: toRecorded(result.error) };
    record.attempts.push({
      number: record.attempts.length + 1,
      startedAt,
      durationMs: Date.now() - started,
      ok: result.ok,
      ...error,
    });
  }
  if (!result.ok || action.success.length === 0) return result;
  const readings = await awaitProbes(action.success, toMs(action.timeout), 1000);
  const bad = readings.filter(({ passed }) => !passed);
  return bad.length === 0
    ? result
    : failed('probe-failed', bad.map(({ name, observed }) => `${name}: ${observed}`).join('; '));
}

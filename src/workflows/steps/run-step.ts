import { isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import { DEFAULT_RETRY } from '../../domain/action.ts';
import type { Json } from '../../domain/canonical-json.ts';
import type { Failure } from '../../domain/failure.ts';
import type { PipelineStep } from '../../domain/pipeline.ts';
import type { RecoveryOutcome, RunStepRecord } from '../../domain/run.ts';
import { backoffMs } from '../../resilience/backoff.ts';
import { noTries, strategyOf } from '../../resilience/retry-strategy.ts';
import { effectKey } from '../effect-key.ts';
import { hasVersion, stopWhereCancelled } from '../execution-version.ts';
import { publishRun, type RunState } from '../run-state.ts';
import { executeOperation } from './execute-operation.ts';
import { recoverStep } from './hand-over.ts';
import { recordError, toRecorded, type CaughtError } from './record-error.ts';
import { saveRecovered, saveStepArtifacts } from './save-step-artifacts.ts';
import { operationOf, stepsUpTo, undoOf } from './step-operation.ts';

function takeOutput(state: RunState, step: string, output: Json | undefined): void {
  if (output === undefined) return;
  state.outputs[step] = output;
  if (typeof output === 'object' && output !== null && !Array.isArray(output)) Object.assign(state.context, output);
}

async function tryStep(state: RunState, step: PipelineStep, record: RunStepRecord): Promise<CaughtError | undefined> {
  const retry = step.retry ?? DEFAULT_RETRY;
  const nextTry = strategyOf(retry);
  let tries = noTries();
  for (let attempt = 1; ; attempt++) {
    record.attempts += 1;
    try {
      const result = await executeOperation(operationOf(state, step), {
        key: effectKey(`${record.phase}/${record.step}/${record.attempts}`),
        summary: `${record.phase}: ${record.step}${retry.maximumAttempts > 1 ? `, try ${attempt} of ${retry.maximumAttempts}` : ''}`,
        timeout: step.timeout,
        ...(hasVersion(state.input, 2) ? { waitWhenCancelled: true } : {}),
      });
      if (hasVersion(state.input, 2)) stopWhereCancelled();
      await saveStepArtifacts(state, step, record);
      takeOutput(state, step.name, result.output);
      return undefined;
    } catch (error) {
      if (isCancellation(error)) throw error;
      const caught = recordError(error);
      if (attempt >= retry.maximumAttempts || !caught.retryable) return caught;
      tries = nextTry(tries, { ...caught, at: Date.now(), random: Math.random() });
      await sleep(tries.delayMs, { summary: `next try of ${record.step}` });
    }
  }
}

function failureOf(
  state: RunState,
  step: PipelineStep,
  { index }: RunStepRecord,
  error: CaughtError,
  occurredAt: string,
): Failure {
  const { input } = state;
  const steps = stepsUpTo(state, index);
  const failed = steps.at(-1);
  const details = (error.details ?? {}) as {
    exitCode?: number | null;
    signal?: string | null;
    stdout?: string;
    stderr?: string;
    httpStatus?: number;
    code?: string;
  };
  const { spec } = input.pipeline;
  return {
    target: input.target,
    subject: input.subject,
    message: `${failed?.phase ?? ''}/${step.name}: ${error.message}`,
    ...step.classify,
    code: step.classify?.code ?? (step.http ? details.code : undefined) ?? error.code,
    lane: spec.lane,
    labels: input.pipeline.metadata.labels,
    ...(typeof details.exitCode === 'number' ? { exitCode: details.exitCode } : {}),
    ...(details.signal ? { signal: details.signal } : {}),
    ...(details.stdout ? { stdout: details.stdout } : {}),
    ...(details.stderr ? { stderr: details.stderr } : {}),
    ...(details.httpStatus === undefined ? {} : { httpStatus: details.httpStatus }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfter: `${error.retryAfterMs}ms` as const }),
    causes: [],
    source: { kind: 'run', name: workflowInfo().workflowId },
    occurredAt,
    detectedAt: new Date().toISOString(),
    operation: operationOf(state, step),
    probes: (spec.verify?.probes ?? []).map((probe) => ({ ...probe, workspace: input.workspace, host: input.host })),
    host: input.host,
    ...(failed
      ? { run: { workflowId: workflowInfo().workflowId, workspace: input.workspace, host: input.host, failed, steps } }
      : {}),
  };
}

/** What the recovery's end means for this step: done, left out, to be tried again, or over. */
function settle(
  state: RunState,
  step: PipelineStep,
  record: RunStepRecord,
  outcome: RecoveryOutcome,
): 'done' | 'again' | 'over' {
  const context = outcome.state?.context;
  // What somebody else's recovery restored is the context of another run.
  if (outcome.primary && outcome.restoredCheckpointId && context) state.context = { ...context };
  if (outcome.status !== 'recovered' && outcome.status !== 'partial') return 'over';
  if (!outcome.primary || outcome.resolvedBy === 'probes') return 'again';
  record.status = outcome.resolvedBy === 'skip' ? 'skipped' : 'recovered';
  const result = outcome.output;
  if (typeof result === 'object' && result !== null && !Array.isArray(result) && 'output' in result)
    takeOutput(state, step.name, result.output);
  return 'done';
}

/** Registers the undo of a step before it begins, whatever will become of it. */
export function registerUndo(state: RunState, step: PipelineStep, { phase }: RunStepRecord): void {
  const undo = undoOf(state, step);
  if (!undo) return;
  const actionId = `${phase}/${step.name}`;
  state.saga.push({ actionId, compensation: { title: `Undo of ${actionId}`, operation: undo }, timeout: step.timeout });
}

export interface StepFailure {
  error: CaughtError;
  occurredAt: string;
}

/** Does a step once, with the tries that its policy allows, and no recovery. Undefined: it has worked. */
export async function attemptStep(
  state: RunState,
  step: PipelineStep,
  record: RunStepRecord,
): Promise<StepFailure | undefined> {
  const started = Date.now();
  record.status = 'running';
  publishRun(state);
  const occurredAt = new Date().toISOString();
  try {
    const error = await tryStep(state, step, record);
    record.status = error ? 'failed' : 'succeeded';
    if (!error) return undefined;
    record.error = toRecorded(error);
    return { error, occurredAt };
  } finally {
    record.durationMs += Date.now() - started;
    publishRun(state);
  }
}

/** The wait before one more recovery of the same step; none before the first, and none where the pipeline sets none. */
async function backOff(state: RunState, record: RunStepRecord): Promise<void> {
  const { recoveryBackoff } = state.input.pipeline.spec;
  const before = record.recoveries.length;
  if (!recoveryBackoff || before === 0) return;
  const ms = backoffMs({ ...DEFAULT_RETRY, ...recoveryBackoff, jitter: 'none' }, before, Math.random);
  await sleep(ms, { summary: `before recovery ${before + 1} of ${record.step}` });
}

/** Hands a failed step over to recoveries, as many as the pipeline allows. False: the run has to stop. */
export async function overcome(
  state: RunState,
  step: PipelineStep,
  record: RunStepRecord,
  first: StepFailure,
): Promise<boolean> {
  const started = Date.now();
  try {
    for (let failure: StepFailure | undefined = first; failure;) {
      const { error, occurredAt } = failure;
      if (record.recoveries.length >= state.input.pipeline.spec.maxRecoveriesPerStep) {
        const message = `${step.name} failed again after ${record.recoveries.length} recoveries: ${error.message}`;
        state.error = { ...toRecorded(error), message };
        return false;
      }
      await backOff(state, record);
      const outcome = await recoverStep(state, failureOf(state, step, record, error, occurredAt), record);
      if (outcome) state.recoveries.push(outcome);
      const next = outcome ? settle(state, step, record, outcome) : 'over';
      if (next === 'done') {
        const unsaved = await saveRecovered(state, step, record, outcome?.restoredCheckpointId);
        if (!unsaved) return true;
        record.status = 'failed';
        record.error = state.error = toRecorded(unsaved);
        return false;
      }
      if (next === 'over') {
        const killed = `the recovery of ${step.name} was killed and gave no answer`;
        state.error = { ...toRecorded(error), message: outcome?.summary ?? killed };
        return false;
      }
      failure = await attemptStep(state, step, record);
    }
    return true;
  } finally {
    record.durationMs += Date.now() - started;
    publishRun(state);
  }
}

/** Does one step to its end. False: the run has to stop. */
export async function runStep(state: RunState, step: PipelineStep, record: RunStepRecord): Promise<boolean> {
  registerUndo(state, step, record);
  const failure = await attemptStep(state, step, record);
  return failure ? overcome(state, step, record, failure) : true;
}

import { isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import { DEFAULT_RETRY } from '../../domain/action.ts';
import type { Failure, RunStepRef } from '../../domain/failure.ts';
import type { CommandOperation, Operation, OperationResult } from '../../domain/operation.ts';
import type { PipelineStep } from '../../domain/pipeline.ts';
import type { RecoveryOutcome, RunStepRecord } from '../../domain/run.ts';
import { backoffMs } from '../../resilience/backoff.ts';
import { effectKey } from '../effect-key.ts';
import { publishRun, type RunState } from '../run-state.ts';
import { executeOperation } from './execute-operation.ts';
import { recoverStep } from './hand-over.ts';
import { recordError, toRecorded, type CaughtError } from './record-error.ts';
import { saveRecovered, saveStepArtifacts } from './save-step-artifacts.ts';

interface Place {
  phase: string;
  phaseIndex: number;
}

function operationOf(state: RunState, step: PipelineStep): CommandOperation {
  const { workspace, host } = state.input;
  const { run, cwd, env, envAllow, secretEnv, timeout, idempotent } = step;
  return { kind: 'command', argv: run, workspace, host, cwd, env, envAllow, secretEnv, timeout, idempotent };
}

function undoOf(state: RunState, step: PipelineStep): Operation | undefined {
  const { compensate } = step;
  if (!compensate) return undefined;
  const { workspace, host } = state.input;
  if (Array.isArray(compensate))
    return { kind: 'command', argv: compensate, workspace, host, cwd: step.cwd, env: step.env };
  if (compensate.http) return { kind: 'http', ...compensate.http };
  if (compensate.activity) return { kind: 'activity', name: compensate.activity, input: compensate.input };
  const { command = [], cwd, env, envAllow, secretEnv } = compensate;
  return { kind: 'command', argv: command, cwd, env, envAllow, secretEnv, workspace, host };
}

/** Every step up to the one at the cursor, as a recovery needs them to run a part again. */
function stepsSoFar(state: RunState): RunStepRef[] {
  const all = state.input.pipeline.spec.phases.flatMap(({ name, steps }, phaseIndex) =>
    steps.map((step) => ({
      phase: name,
      phaseIndex,
      step: step.name,
      optional: step.optional,
      operation: operationOf(state, step),
    })),
  );
  return all.slice(0, state.cursor + 1).map((step, index) => ({ ...step, index }));
}

function takeOutput(state: RunState, result: Pick<OperationResult, 'output'>): void {
  const { output } = result;
  if (typeof output === 'object' && output !== null && !Array.isArray(output)) Object.assign(state.context, output);
}

async function tryStep(state: RunState, step: PipelineStep, record: RunStepRecord): Promise<CaughtError | undefined> {
  const retry = step.retry ?? DEFAULT_RETRY;
  for (let attempt = 1; ; attempt++) {
    record.attempts += 1;
    try {
      const result = await executeOperation(operationOf(state, step), {
        key: effectKey(`${record.phase}/${record.step}/${record.attempts}`),
        summary: `${record.phase}: ${record.step}${retry.maximumAttempts > 1 ? `, try ${attempt} of ${retry.maximumAttempts}` : ''}`,
        timeout: step.timeout,
      });
      await saveStepArtifacts(state, step, record);
      takeOutput(state, result);
      return undefined;
    } catch (error) {
      if (isCancellation(error)) throw error;
      const caught = recordError(error);
      if (attempt >= retry.maximumAttempts || !caught.retryable) return caught;
      await sleep(Math.max(backoffMs(retry, attempt, Math.random), caught.retryAfterMs ?? 0), {
        summary: `next try of ${record.step}`,
      });
    }
  }
}

function failureOf(state: RunState, step: PipelineStep, error: CaughtError, occurredAt: string): Failure {
  const { input } = state;
  const steps = stepsSoFar(state);
  const failed = steps[state.cursor];
  const details = (error.details ?? {}) as {
    exitCode?: number | null;
    signal?: string | null;
    stdout?: string;
    stderr?: string;
  };
  const { spec } = input.pipeline;
  return {
    target: input.target,
    subject: input.subject,
    message: `${record(step, failed)}: ${error.message}`,
    ...step.classify,
    code: step.classify?.code ?? error.code,
    lane: spec.lane,
    labels: input.pipeline.metadata.labels,
    ...(typeof details.exitCode === 'number' ? { exitCode: details.exitCode } : {}),
    ...(details.signal ? { signal: details.signal } : {}),
    ...(details.stdout ? { stdout: details.stdout } : {}),
    ...(details.stderr ? { stderr: details.stderr } : {}),
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

const record = (step: PipelineStep, ref: RunStepRef | undefined): string => `${ref?.phase ?? ''}/${step.name}`;

/** What the recovery's end means for this step: done, left out, to be tried again, or over. */
function settle(state: RunState, record: RunStepRecord, outcome: RecoveryOutcome): 'done' | 'again' | 'over' {
  const context = outcome.state?.context;
  // What somebody else's recovery restored is the context of another run.
  if (outcome.primary && outcome.restoredCheckpointId && context) state.context = { ...context };
  if (outcome.status !== 'recovered' && outcome.status !== 'partial') return 'over';
  if (!outcome.primary || outcome.resolvedBy === 'probes') return 'again';
  record.status = outcome.resolvedBy === 'skip' ? 'skipped' : 'recovered';
  const result = outcome.output;
  if (typeof result === 'object' && result !== null && !Array.isArray(result) && 'output' in result)
    takeOutput(state, { output: result.output });
  return 'done';
}

/** Does one step, with as many recoveries as the pipeline allows. False: the run has to stop. */
export async function runStep(
  state: RunState,
  step: PipelineStep,
  record: RunStepRecord,
  _place: Place,
): Promise<boolean> {
  const started = Date.now();
  const undo = undoOf(state, step);
  if (undo) {
    const actionId = `${record.phase}/${record.step}`;
    state.saga.push({
      actionId,
      compensation: { title: `Undo of ${actionId}`, operation: undo },
      timeout: step.timeout,
    });
  }
  try {
    for (;;) {
      record.status = 'running';
      publishRun(state);
      const occurredAt = new Date().toISOString();
      const error = await tryStep(state, step, record);
      if (!error) {
        record.status = 'succeeded';
        return true;
      }
      record.status = 'failed';
      record.error = toRecorded(error);
      if (record.recoveries.length >= state.input.pipeline.spec.maxRecoveriesPerStep) {
        state.error = {
          ...record.error,
          message: `${step.name} failed again after ${record.recoveries.length} recoveries: ${error.message}`,
        };
        return false;
      }
      const outcome = await recoverStep(state, failureOf(state, step, error, occurredAt), record);
      if (outcome) state.recoveries.push(outcome);
      const next = outcome ? settle(state, record, outcome) : 'over';
      if (next === 'done') {
        const unsaved = await saveRecovered(state, step, record, outcome?.restoredCheckpointId);
        if (!unsaved) return true;
        record.status = 'failed';
        record.error = state.error = toRecorded(unsaved);
        return false;
      }
      if (next === 'over') {
        state.error = {
          ...record.error,
          message: outcome?.summary ?? `the recovery of ${step.name} was killed and gave no answer`,
        };
        return false;
      }
    }
  } finally {
    record.durationMs += Date.now() - started;
    publishRun(state);
  }
}

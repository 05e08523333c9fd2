import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Json } from '../domain/canonical-json.ts';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { formatMs } from '../domain/duration.ts';
import { resolveTemplates } from '../domain/template.ts';
import type { RecordedError } from '../domain/recovery.ts';
import type { CompensationRecord, RestoredCheckpoint } from '../domain/report.ts';
import type { RecoveryOutcome, RunInput, RunReport, RunSnapshot, RunStatus, RunStepRecord } from '../domain/run.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';
import { budgetOf } from './steps/run-budget.ts';
import type { SagaEntry } from './steps/saga.ts';
import { scopeOf } from './steps/step-operation.ts';

export interface RunState {
  readonly input: RunInput;
  readonly startedAt: number;
  status: RunStatus;
  phase?: string;
  /** Index of the step that is being done, or to be done next. */
  cursor: number;
  steps: RunStepRecord[];
  completedPhases: string[];
  context: Record<string, Json>;
  /** What each step put out, by its name. */
  outputs: Record<string, Json>;
  /** What agents left behind, by their name; goes into checkpoints. */
  agentStates: Record<string, Json>;
  resumedFrom?: RestoredCheckpoint;
  checkpoints: CheckpointRecord[];
  /** Not yet looked at. */
  closedRecoveries: RecoveryOutcome[];
  recoveries: RecoveryOutcome[];
  openRecovery?: string;
  saga: SagaEntry[];
  compensations: CompensationRecord[];
  error?: RecordedError;
  published?: RunStatus;
}

export function createRunState(input: RunInput): RunState {
  const steps = input.pipeline.spec.phases.flatMap(({ name, steps: own }) =>
    own.map((step) => ({ phase: name, step: step.name, optional: step.optional })),
  );
  return {
    input,
    startedAt: workflowInfo().startTime.getTime(),
    status: 'running',
    cursor: 0,
    steps: steps.map((step, index) => ({
      ...step,
      index,
      status: 'pending',
      attempts: 0,
      durationMs: 0,
      recoveries: [],
    })),
    completedPhases: [],
    context: { ...input.pipeline.spec.context },
    outputs: {},
    agentStates: {},
    checkpoints: [],
    closedRecoveries: [],
    recoveries: [],
    saga: [],
    compensations: [],
  };
}

/** Markdown for the Temporal UI. */
export function describeRun(state: RunState): void {
  const rows = state.steps.map(
    ({ phase, step, status, attempts, durationMs, recoveries }) =>
      `| ${phase} | ${step} | ${status} | ${attempts} | ${formatMs(durationMs)} | ${recoveries.length} |`,
  );
  const open = state.openRecovery ? ['', `Waits for recovery \`${state.openRecovery}\`.`] : [];
  setCurrentDetails(
    [
      `**${state.status}** · ${state.input.target} · ${state.checkpoints.length} checkpoints`,
      '',
      '| phase | step | state | tries | time | recoveries |',
      '|---|---|---|---|---|---|',
      ...rows,
      ...open,
    ].join('\n'),
  );
}

export function publishRun(state: RunState): void {
  describeRun(state);
  if (state.published === state.status) return;
  state.published = state.status;
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.status, value: state.status }]);
}

export function runSnapshot(state: RunState): RunSnapshot {
  const { workflowId, runId } = workflowInfo();
  const step = state.steps[state.cursor]?.step;
  const last = state.checkpoints.at(-1)?.info.id;
  return {
    workflowId,
    runId,
    name: state.input.pipeline.metadata.name,
    target: state.input.target,
    status: state.status,
    ...(state.phase ? { phase: state.phase } : {}),
    ...(step ? { step } : {}),
    steps: state.steps,
    checkpoints: state.checkpoints.length,
    ...(last ? { lastCheckpointId: last } : {}),
    ...(state.openRecovery ? { openRecovery: state.openRecovery } : {}),
  };
}

export function runReport(state: RunState, status: RunReport['status']): RunReport {
  const { workflowId, runId } = workflowInfo();
  const { target, subject, pipeline } = state.input;
  const recovered = state.steps.filter((step) => step.status === 'recovered').length;
  const skipped = state.steps.filter((step) => step.status === 'skipped').length;
  const done = state.steps.filter((step) => ['succeeded', 'recovered'].includes(step.status)).length;
  const failedUndo = state.compensations.filter(({ ok }) => !ok).length;
  return {
    schemaVersion: 1,
    workflowId,
    runId,
    name: pipeline.metadata.name,
    target,
    subject,
    status,
    summary: [
      ...(failedUndo > 0 ? [`${failedUndo} undo failed`] : []),
      `${target} ${status}`,
      `${done} of ${state.steps.length} steps done, ${recovered} of them recovered${skipped > 0 ? `, ${skipped} skipped` : ''}`,
      ...(state.error && status !== 'succeeded' ? [state.error.message] : []),
    ].join('; '),
    steps: state.steps,
    recoveries: state.recoveries,
    checkpoints: state.checkpoints.map(({ info, checksum }) => ({ id: info.id, name: info.name, checksum })),
    compensations: state.compensations,
    context: state.context,
    ...(pipeline.spec.outputs ? { outputs: resolveTemplates(pipeline.spec.outputs, scopeOf(state)) } : {}),
    budget: budgetOf(state),
    ...(state.resumedFrom ? { resumedFrom: state.resumedFrom } : {}),
    startedAt: new Date(state.startedAt).toISOString(),
    durationMs: Date.now() - state.startedAt,
    ...(state.error && status !== 'succeeded' ? { error: state.error } : {}),
  };
}

import type { RunStepRef } from '../../domain/failure.ts';
import type { Operation } from '../../domain/operation.ts';
import type { PipelineStep } from '../../domain/pipeline.ts';
import { resolveTemplates, type TemplateScope } from '../../domain/template.ts';
import type { RunState } from '../run-state.ts';

/** What templates of a run read: what it was given, its data, and what its steps put out. */
export function scopeOf(state: RunState): TemplateScope {
  const steps = Object.fromEntries(Object.entries(state.outputs).map(([name, output]) => [name, { output }]));
  return { inputs: state.input.inputs ?? {}, context: state.context, steps };
}

function unresolved(state: RunState, step: PipelineStep): Operation {
  const { timeout, activity, http, workflow } = step;
  if (activity) return { kind: 'activity', ...activity, timeout };
  if (http) return { kind: 'http', ...http, timeout };
  if (workflow) return { kind: 'workflow', ...workflow, timeout };
  const { workspace, host } = state.input;
  const { run = [], cwd, env, envAllow, secretEnv, idempotent } = step;
  return { kind: 'command', argv: run, workspace, host, cwd, env, envAllow, secretEnv, timeout, idempotent };
}

/** What a step does, with its templates filled in from the run as it stands now. */
export const operationOf = (state: RunState, step: PipelineStep): Operation =>
  resolveTemplates(unresolved(state, step), scopeOf(state));

export function undoOf(state: RunState, step: PipelineStep): Operation | undefined {
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

/**
 * The steps that were begun, as a recovery needs them to run a part again, the failed one last: those before it, and in a
 * parallel phase its neighbours, which a return to the phase's start takes back as well.
 */
export function stepsUpTo(state: RunState, failedIndex: number): RunStepRef[] {
  const all = state.input.pipeline.spec.phases.flatMap(({ name, steps, parallel }, phaseIndex) =>
    steps.map((step) => ({ phase: name, phaseIndex, step, parallel: parallel === true })),
  );
  const failed = all[failedIndex];
  const begun = all.flatMap(({ step, parallel, phase, phaseIndex }, index) => {
    const beside = parallel && phaseIndex === failed?.phaseIndex;
    if (index === failedIndex || (index > failedIndex && !beside)) return [];
    if (state.steps[index]?.status === 'not_needed') return [];
    return [{ phase, phaseIndex, step, index }];
  });
  return [...begun, ...(failed ? [{ ...failed, index: failedIndex }] : [])].map(
    ({ phase, phaseIndex, step, index }) => ({
      phase,
      phaseIndex,
      step: step.name,
      index,
      optional: step.optional,
      operation: operationOf(state, step),
    }),
  );
}

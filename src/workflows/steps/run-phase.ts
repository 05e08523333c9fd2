import { holds } from '../../domain/condition.ts';
import type { Pipeline, PipelineStep } from '../../domain/pipeline.ts';
import type { RunStepRecord } from '../../domain/run.ts';
import { describeRun, type RunState } from '../run-state.ts';
import { checkpointRun } from './checkpoint-run.ts';
import { overBudget } from './run-budget.ts';
import { attemptStep, overcome, registerUndo, runStep } from './run-step.ts';
import { scopeOf } from './step-operation.ts';

type Phase = Pipeline['spec']['phases'][number];

interface Due {
  step: PipelineStep;
  record: RunStepRecord;
}

/** Why a step is left out, or undefined. */
function leftOut(state: RunState, { when, lanes }: PipelineStep): string | undefined {
  const { lane } = state.input.pipeline.spec;
  if (lanes && !lanes.includes(lane)) return `only in lane ${lanes.join(', ')}`;
  if (when !== undefined && !holds(when, scopeOf(state))) return 'its condition does not hold';
  return undefined;
}

function passOver(state: RunState, { step, record }: Due): boolean {
  const reason = leftOut(state, step);
  if (reason === undefined) return false;
  record.status = 'not_needed';
  record.note = reason;
  return true;
}

function keepAgentState(state: RunState, step: PipelineStep): void {
  const output = state.outputs[step.name];
  if (step.agent !== undefined && output !== undefined) state.agentStates[step.agent] = output;
}

async function runInTurn(state: RunState, due: readonly Due[], place: { phase: string; phaseIndex: number }) {
  for (const { step, record } of due) {
    if (overBudget(state)) return false;
    if (passOver(state, { step, record })) {
      state.cursor = record.index + 1;
      continue;
    }
    const { agent } = step;
    if (agent) {
      await checkpointRun(state, { type: 'agent-start', name: `${step.name}: before ${agent}`, ...place, agent });
    }
    if (!(await runStep(state, step, record))) return false;
    state.cursor = record.index + 1;
    keepAgentState(state, step);
    if (agent) {
      const name = `${step.name}: after ${agent}`;
      await checkpointRun(state, { type: 'agent-end', name, ...place, agent, stepName: step.name });
    } else if (step.checkpoint) {
      await checkpointRun(state, { type: 'auto', name: `after ${step.name}`, ...place, stepName: step.name });
    }
  }
  return true;
}

/**
 * All steps of the phase at once. Nothing is recovered while a neighbour still works in the same directory: those that
 * failed are handed over one after the other when all have ended.
 */
async function runAtOnce(state: RunState, due: readonly Due[]): Promise<boolean> {
  if (overBudget(state)) return false;
  const begun = due.filter((item) => !passOver(state, item));
  for (const { step, record } of begun) registerUndo(state, step, record);
  const failures = await Promise.all(begun.map(({ step, record }) => attemptStep(state, step, record)));
  for (const [index, failure] of failures.entries()) {
    const item = begun[index];
    if (failure && item && !(await overcome(state, item.step, item.record, failure))) return false;
  }
  for (const { step } of begun) keepAgentState(state, step);
  const last = due.at(-1);
  if (last) state.cursor = last.record.index + 1;
  return true;
}

/** One phase: checkpoint, steps, checkpoint. False: the run has to stop. */
export async function runPhase(state: RunState, phase: Phase, phaseIndex: number): Promise<boolean> {
  const { phases } = state.input.pipeline.spec;
  const first = phases.slice(0, phaseIndex).reduce((sum, { steps }) => sum + steps.length, 0);
  const all = phase.steps.flatMap((step, index): Due[] => {
    const record = state.steps[first + index];
    return record ? [{ step, record }] : [];
  });
  // A run that was resumed has done what comes before its checkpoint.
  const due = all.filter(({ record }) => record.index >= state.cursor);
  const place = { phase: phase.name, phaseIndex };
  state.phase = phase.name;
  if (due.length > 0) {
    if (due.length === all.length) {
      await checkpointRun(state, { type: 'phase-start', name: `${phase.name}: start`, ...place });
    }
    const done = phase.parallel ? await runAtOnce(state, due) : await runInTurn(state, due, place);
    if (!done) return false;
  } else if (state.completedPhases.includes(phase.name)) return true;
  state.completedPhases.push(phase.name);
  await checkpointRun(state, { type: 'phase-end', name: `${phase.name}: end`, ...place });
  describeRun(state);
  return true;
}

import { patched } from '@temporalio/workflow';
import { shortHash, type Plan } from '../../domain/plan.ts';
import type { PlannedAction } from '../../domain/action.ts';
import type { ActionRecord } from '../../domain/recovery.ts';
import type { Operation } from '../../domain/operation.ts';
import { note, setStatus, type RecoveryState } from '../recovery-state.ts';
import { awaitAnswer } from './await-answer.ts';
import { approveActions } from './approve-plan.ts';
import { awaitDecision, decisionsWith } from './await-decision.ts';
import { compensate } from './compensate.ts';
import { runAction } from './run-action.ts';
import { findNextStrategy } from './strategies.ts';
import { verify } from './verify.ts';

/**
 * How the plan's execution ended. `exhausted`: all was done and nothing helped, so that another plan may be tried;
 * `unresolved`: a person said no.
 */
export type Ending = 'resolved' | 'exhausted' | 'unresolved' | 'aborted' | 'escalate' | 'handover';

const RESOLVING: readonly PlannedAction['type'][] = ['retry', 'resume', 'skip'];

async function standStill(state: RecoveryState): Promise<void> {
  const { pausedBy } = state;
  if (!pausedBy) return;
  const message = `paused by ${pausedBy.by}: ${pausedBy.reason}`;
  await awaitAnswer(
    state,
    { kind: 'resume', key: 'resume', status: 'paused', message },
    () => state.pausedBy === undefined,
  );
}

/** The operation of the action that a person may give another input; undefined where it has none or several. */
function editableOperation(action: PlannedAction): Operation | undefined {
  if (action.type === 'run') return action.operation;
  if (action.type !== 'retry' && action.type !== 'resume') return undefined;
  return action.steps.length === 1 ? action.steps[0]?.operation : undefined;
}

function withOperation(action: PlannedAction, operation: Operation | undefined): PlannedAction {
  if (!operation) return action;
  if (action.type === 'run') return { ...action, operation };
  if (action.type !== 'retry' && action.type !== 'resume') return action;
  return { ...action, steps: action.steps.map((step) => ({ ...step, operation })) };
}

/** What a person may decide on this failed action. */
function decisionsFor(state: RecoveryState, action: PlannedAction) {
  const rollback = state.plan?.actions.some(({ type }) => type === 'rollback');
  const supplies = action.type === 'retry' || action.type === 'resume' || action.type === 'run';
  return decisionsWith({
    ...(rollback ? {} : { rollback: 'the plan has no rollback: there was no valid checkpoint' }),
    ...(supplies ? {} : { supply: `a ${action.type} action has no output that could be supplied` }),
  });
}

/** Parks on a failure that the plan has no answer to, and does what the person decides. */
async function park(state: RecoveryState, given: PlannedAction, record: ActionRecord): Promise<Ending | 'next'> {
  let action = given;
  for (let round = 2; ; round++) {
    const error = record.error ?? { code: 'action-failed', message: 'it failed' };
    const answer = await awaitDecision(state, action.id, error, decisionsFor(state, action), editableOperation(action));
    switch (answer?.decision) {
      case 'retry':
        action = withOperation(action, answer.operation);
        if (await runAction(state, action, record, round)) return 'next';
        continue;
      case 'supply':
        record.status = 'succeeded';
        record.output = answer.output ?? null;
        record.note = `output supplied by ${answer.by}: ${answer.reason}`;
        if (RESOLVING.includes(action.type)) {
          state.resolution = 'supplied';
          // As an operation gives it: whoever waits for this recovery takes it from there.
          state.resolutionOutput = { output: answer.output ?? null };
        }
        return 'next';
      case 'skip':
        record.status = 'skipped';
        record.note = `skipped by ${answer.by}: ${answer.reason}`;
        return 'next';
      case 'rollback': {
        const rollback = state.plan?.actions.find(({ type }) => type === 'rollback');
        const rollbackRecord = state.actions.find(({ id }) => id === rollback?.id);
        if (rollback && rollbackRecord) await runAction(state, rollback, rollbackRecord, round);
        continue;
      }
      case 'handover':
        if (answer.made) state.next = answer.made;
        return 'handover';
      case 'abort':
        state.aborted = true;
        return 'aborted';
      default:
        return 'escalate';
    }
  }
}

/** What has to be asked before an action: is the recovery paused, does a person approve this one? */
async function gate(
  state: RecoveryState,
  action: PlannedAction,
  record: ActionRecord,
): Promise<Ending | 'open' | 'passed over'> {
  await standStill(state);
  if (!action.approval) return 'open';
  const { verdict, by, reason } = await approveActions(state, action.approval, [action], action);
  if (verdict === 'approved') return 'open';
  record.status = 'skipped';
  record.note = `${verdict === 'denied' ? 'denied' : 'not approved'} by ${by}${reason ? `: ${reason}` : ''}`;
  if (verdict === 'escalate') return 'escalate';
  return action.required ? 'unresolved' : 'passed over';
}

/** A skip changes nothing, so that waiting does not help where something else is still to be tried. */
const looksOnce = (state: RecoveryState, left: readonly PlannedAction[]): boolean =>
  state.resolution === 'skip' && left.some(({ type }) => RESOLVING.includes(type)) && patched('look-once-after-skip');

/** True when the failure is gone and that has been seen. */
async function isProven(state: RecoveryState, left: readonly PlannedAction[]): Promise<boolean> {
  if (!state.resolution) return false;
  if (await verify(state, looksOnce(state, left) ? { withinMs: 0 } : {})) return true;
  note(state, 'probe', `${state.resolution} did not bring it back`);
  delete state.resolution;
  delete state.resolutionOutput;
  return false;
}

/** With no operation to try again, the probes alone decide whether what was done has helped (design 4). */
export async function resolveByProbes(state: RecoveryState): Promise<boolean> {
  const { plan, input } = state;
  const acted = state.actions.some(({ status, type }) => status === 'succeeded' && type !== 'escalate');
  if (state.resolution || !plan || !acted || input.failure.operation || plan.verify.probes.length === 0) return false;
  if (!(await verify(state))) return false;
  state.resolution = 'probes';
  return true;
}

/**
 * Carries the plan out in order (requirement 4.9): stops when the failure is gone, goes on after an action that is not
 * required, jumps to the call for help after a required one, and parks where the plan has no answer.
 */
export async function carryOutPlan(state: RecoveryState, plan: Plan): Promise<Ending> {
  setStatus(state, 'executing');
  let callForHelp = false;
  for (const [index, action] of plan.actions.entries()) {
    const record = state.actions[index];
    if (!record || record.status !== 'pending') continue;
    if (callForHelp && action.type !== 'escalate') {
      record.status = 'skipped';
      record.note = 'an earlier required action failed';
      continue;
    }
    if (action.type === 'escalate') {
      if (!callForHelp && (await resolveByProbes(state))) return 'resolved';
      const last = !plan.actions.slice(index + 1).some(({ type }) => RESOLVING.includes(type));
      if (last) {
        const next = await findNextStrategy(state);
        if (next) {
          state.next = next;
          return 'exhausted';
        }
        await compensate(state);
      }
    }
    const gated = await gate(state, action, record);
    if (gated === 'passed over') continue;
    if (gated !== 'open') return gated;
    const succeeded = await runAction(state, action, record, 1);
    if (!succeeded && action.required) {
      const planned = plan.actions.slice(index + 1).some(({ type }) => type === 'escalate');
      if (planned) callForHelp = true;
      else {
        const decided = await park(state, action, record);
        if (decided !== 'next') return decided;
      }
    }
    if (await isProven(state, plan.actions.slice(index + 1))) return 'resolved';
  }
  if (await resolveByProbes(state)) return 'resolved';
  note(state, 'status', `plan ${shortHash(plan.hash)} is done and the failure is not resolved`);
  return state.aborted ? 'aborted' : 'exhausted';
}

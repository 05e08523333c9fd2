import { patched, workflowInfo } from '@temporalio/workflow';
import type { Continues } from '../../domain/continuation.ts';
import type { Classification } from '../../domain/failure.ts';
import { mayFailOver, shortHash, type Plan } from '../../domain/plan.ts';
import type { ActionRecord, RecordedError } from '../../domain/recovery.ts';
import { engine } from '../activity-proxies.ts';
import { isoNow, note, type RecoveryState } from '../recovery-state.ts';
import { recordError } from './record-error.ts';

export interface MadePlan {
  classification: Classification;
  plan: Plan;
}

function recordsOf(plan: Plan): ActionRecord[] {
  return plan.actions.map(({ id, type, title, order, required }) => ({
    id,
    type,
    title,
    order,
    required,
    status: 'pending',
    attempts: [],
    durationMs: 0,
  }));
}

/** The failure that counts: of the last action that was really tried. */
export function lastError(state: RecoveryState): RecordedError | undefined {
  return state.actions.filter(({ type, error }) => error && type !== 'escalate').at(-1)?.error;
}

/** Goes on with an earlier recovery: what it has done counts, with its undo, and so do its approvals. */
export async function adoptContinuation(state: RecoveryState, continues: Continues): Promise<void> {
  const { workflowId } = workflowInfo();
  const made = await engine(state.input).planContinuation({ ...planRequest(state), workflowId, continues });
  const { receipts, leftOut, again, approvals } = made.continuation;
  note(state, 'planned', `goes on with ${continues.runId} from ${continues.from}`, {
    by: continues.by,
    reason: continues.reason,
  });
  adoptPlan(state, made);
  state.carriedApprovals = approvals;
  state.actions = state.actions.map((record) => {
    const receipt = receipts.find(({ id }) => id === record.id);
    const out = leftOut.find(({ id }) => id === record.id);
    if (receipt) return { ...receipt, order: record.order, note: `done in ${continues.runId}` };
    return out ? { ...record, status: 'skipped', note: out.reason } : record;
  });
  for (const { id } of receipts) {
    const action = made.plan.actions.find((planned) => planned.id === id);
    if (action?.compensation) {
      state.saga.push({ actionId: id, compensation: action.compensation, timeout: action.timeout });
    }
  }
  note(state, 'planned', `done again or now: ${again.map(({ id }) => id).join(', ')}`);
}

/** What every plan of this recovery is made from. */
export function planRequest({ input: { failure, inputs, breakGlass, components } }: RecoveryState) {
  const { runId } = workflowInfo();
  return {
    failure,
    runId,
    ...(inputs ? { inputs } : {}),
    ...(breakGlass ? { breakGlass } : {}),
    ...(components ? { ownComponents: components } : {}),
  };
}

/** From here on this plan is the one; approvals, keys and records start anew with it. */
export function adoptPlan(state: RecoveryState, { classification, plan }: MadePlan): void {
  state.classification = classification;
  state.plan = plan;
  state.actions = recordsOf(plan);
  state.times.t2 ??= isoNow();
  note(state, 'planned', `${plan.actions.length} actions by ${plan.playbook.name}`);
  const { brakesOverridden: glass } = plan;
  const outcome = glass ? `let through by ${glass.by} (${glass.reason})` : 'a person decides';
  for (const { message } of plan.brakes ?? []) note(state, 'brake', `${message}: ${outcome}`);
}

/**
 * The next playbook after one that did not help (requirement 4.10), or undefined when a person's turn has come. What the
 * present plan changed is undone by the caller, after this has said that there is something else to try.
 */
export async function findNextStrategy(state: RecoveryState): Promise<MadePlan | undefined> {
  const { plan, strategies } = state;
  if (!plan || !mayFailOver(plan) || state.aborted || state.escalated || !patched('failover')) return undefined;
  try {
    const { made, passedOver } = await engine(state.input).planNextStrategy({
      ...planRequest(state),
      tried: [...strategies.map(({ plan: tried }) => tried), plan].map(({ playbook, actions, failover }) => ({
        playbook,
        actions,
        ...(failover === undefined ? {} : { failover }),
      })),
    });
    for (const { playbook, reason } of passedOver) note(state, 'strategy', `${playbook} is not tried: ${reason}`);
    return made;
  } catch (error) {
    const { message } = recordError(error);
    note(state, 'strategy', `no other playbook could be chosen: ${message}`);
    return undefined;
  }
}

/** Files the present plan under what did not help and goes on with another one. */
export function beginStrategy(state: RecoveryState, made: MadePlan, why: string): void {
  const { plan } = state;
  if (plan) {
    for (const record of state.actions) {
      if (record.status !== 'pending') continue;
      record.status = 'not_needed';
      record.note ??= `${made.plan.playbook.name} was tried instead`;
    }
    state.strategies.push({
      plan,
      actions: state.actions,
      probes: state.probesAfter,
      error: lastError(state) ?? { code: 'action-failed', message: why },
    });
  }
  note(
    state,
    'strategy',
    `${plan?.playbook.name ?? ''}: ${why}; now ${made.plan.playbook.name} (${shortHash(made.plan.hash)})`,
  );
  delete state.error;
  delete state.resolution;
  delete state.resolutionOutput;
  delete state.next;
  state.probesAfter = [];
  state.verifiedBy = 'none';
  adoptPlan(state, made);
}

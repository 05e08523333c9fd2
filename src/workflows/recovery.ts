import {
  CancellationScope,
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { DEFAULT_TIMEOUT } from '../domain/action.ts';
import type { Duration } from '../domain/duration.ts';
import type { OutcomeMemo } from '../domain/knowledge.ts';
import type { Plan } from '../domain/plan.ts';
import type { ClosedRecoveryStatus, Resolution } from '../domain/recovery.ts';
import type { RecoveryReport } from '../domain/report.ts';
import type { RecoveryOutcome } from '../domain/run.ts';
import { engine, sharedActivities } from './activity-proxies.ts';
import { hasVersion, leaveToLaterWorker } from './execution-version.ts';
import { recoveryClosedSignal } from './messages.ts';
import { createRecoveryState, note, setStatus, type RecoveryInput, type RecoveryState } from './recovery-state.ts';
import { countClosed } from './count-closed.ts';
import { approveActions } from './steps/approve-plan.ts';
import { buildReport } from './steps/build-report.ts';
import { carryOutPlan, type Ending } from './steps/carry-out-plan.ts';
import { compensate } from './steps/compensate.ts';
import { buildEvidence } from './steps/evidence.ts';
import { unlessEnded } from './steps/hear-resolved.ts';
import { handleMessages } from './steps/handle-messages.ts';
import { recordError, toRecorded } from './steps/record-error.ts';
import {
  adoptContinuation,
  adoptPlan,
  planRequest,
  beginStrategy,
  findNextStrategy,
  lastError,
} from './steps/strategies.ts';
import { degradeServices, restoreServices } from './steps/degrade-services.ts';
import { readProbes } from './steps/verify.ts';

/** It goes on, but without something: what was left out, or what stands in for it. */
const PARTLY: readonly Resolution[] = ['skip', 'fallback'];

/** One recovery of one target: plan, approve, act, verify, report. Its result is the report, however it ends. */
export async function recovery(input: RecoveryInput): Promise<RecoveryReport> {
  leaveToLaterWorker(input);
  const state = createRecoveryState(input);
  handleMessages(state);
  note(state, 'reported', `${input.failure.target}: ${input.failure.message}`);
  let status: ClosedRecoveryStatus;
  try {
    status = await unlessEnded(state, () => recover(state));
  } catch (error) {
    if (!isCancellation(error)) throw error;
    note(state, 'status', 'cancellation was asked for');
    await compensate(state);
    status = 'cancelled';
  }
  return CancellationScope.nonCancellable(() => close(state, status));
}

async function close(state: RecoveryState, status: ClosedRecoveryStatus): Promise<RecoveryReport> {
  for (const record of state.actions) {
    if (record.status !== 'pending') continue;
    record.status = status === 'recovered' || status === 'partial' ? 'not_needed' : 'cancelled';
    record.note ??=
      status === 'recovered' || status === 'partial' ? 'resolved before its turn' : `the recovery ended ${status}`;
  }
  await restoreServices(state);
  await tellRuns(state, status);
  await condition(allHandlersFinished);
  setStatus(state, status);
  const report = buildReport(state, status);
  if (hasVersion(state.input, 2)) upsertMemo({ outcome: outcomeOf(report) });
  countClosed(report);
  return report;
}

/** The memo has room for some: those that were tried. */
const KEPT_ACTIONS = 30;

function outcomeOf({ actions, durations }: RecoveryReport): OutcomeMemo {
  return {
    actions: actions
      .filter(({ attempts }) => attempts.length > 0)
      .slice(0, KEPT_ACTIONS)
      .map(({ id, status, durationMs }) => [id, status, durationMs]),
    humanWaitMs: durations.humanWaitMs,
    ...(durations.ttrMs === undefined ? {} : { ttrMs: durations.ttrMs }),
  };
}

async function recover(state: RecoveryState): Promise<ClosedRecoveryStatus> {
  if (!(await makePlan(state)) || !state.plan) return escalateNow(state);
  const { deadline } = state.plan.limits;
  return deadline ? withDeadline(state, deadline, () => pursue(state)) : pursue(state);
}

/** One plan after the other, until one helps or nothing is left to try (requirement 4.10). */
async function pursue(state: RecoveryState): Promise<ClosedRecoveryStatus> {
  for (;;) {
    const status = state.plan ? await act(state, state.plan) : 'failed';
    if (status !== 'next') return status;
  }
}

/** The playbook's limit for the whole recovery, human wait included. What was begun is undone, then a person is called. */
async function withDeadline(
  state: RecoveryState,
  deadline: Duration,
  run: () => Promise<ClosedRecoveryStatus>,
): Promise<ClosedRecoveryStatus> {
  const scope = new CancellationScope({ cancellable: true, timeout: deadline });
  try {
    return await scope.run(run);
  } catch (error) {
    const outer = CancellationScope.current().consideredCancelled;
    if (!isCancellation(error) || outer) throw error;
    state.error = { code: 'timed-out', message: `not recovered within the deadline of ${deadline}` };
    note(state, 'status', state.error.message);
    await compensate(state);
    return escalateNow(state);
  }
}

async function act(state: RecoveryState, plan: Plan): Promise<ClosedRecoveryStatus | 'next'> {
  if (plan.mode === 'observe') {
    state.error = {
      code: 'action-not-applicable',
      message: `playbook ${plan.playbook.name} only observes: nothing was done`,
    };
    return 'escalated';
  }
  await degradeServices(state, plan);
  if (plan.verify.probes.length > 0 && state.strategies.length === 0)
    state.probesBefore = await readProbes(plan.verify.probes);
  if (plan.requiresApproval && plan.approval) {
    const { verdict, by, reason } = await approveActions(state, plan.approval, plan.actions);
    const why = `${by}${reason ? `: ${reason}` : ''}`;
    if (verdict === 'denied') {
      state.error = { code: 'approval-denied', message: `the plan was denied by ${why}` };
      return 'failed';
    }
    if (verdict === 'escalate') {
      state.error = { code: 'timed-out', message: `the plan was not approved, ${reason ?? ''}` };
      return escalateNow(state);
    }
  }
  return settle(state, await carryOutPlan(state, plan));
}

async function makePlan(state: RecoveryState): Promise<boolean> {
  try {
    const { playbook, continues } = state.input;
    if (continues) await adoptContinuation(state, continues);
    else
      adoptPlan(
        state,
        await engine(state.input).makePlan({ ...planRequest(state), ...(playbook ? { playbook } : {}) }),
      );
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    state.error = toRecorded(recordError(error));
    note(state, 'planned', `no plan could be made: ${state.error.message}`);
    return false;
  }
}

async function settle(state: RecoveryState, ending: Ending): Promise<ClosedRecoveryStatus | 'next'> {
  if (ending === 'resolved') return PARTLY.includes(state.resolution ?? 'retry') ? 'partial' : 'recovered';
  if (ending === 'exhausted' && !state.next) {
    const next = await findNextStrategy(state);
    if (next) state.next = next;
  }
  await compensate(state);
  if (state.next && (ending === 'exhausted' || ending === 'handover')) {
    beginStrategy(state, state.next, ending === 'handover' ? 'handed over' : 'did not help');
    return 'next';
  }
  state.error ??= lastError(state) ?? { code: 'action-failed', message: state.input.failure.message };
  if (state.escalated) return 'escalated';
  return ending === 'escalate' ? escalateNow(state) : 'failed';
}

/** Calls for help where the plan did not get to its own call. */
async function escalateNow(state: RecoveryState): Promise<ClosedRecoveryStatus> {
  const planned = state.plan?.actions.find((action) => action.type === 'escalate');
  const to = planned?.type === 'escalate' ? planned.to : ['oncall'];
  const { workflowId, runId } = workflowInfo();
  const { escalate } = sharedActivities({ timeout: DEFAULT_TIMEOUT.escalate, summary: `call ${to.join(', ')}` });
  try {
    await escalate({ key: `${workflowId}/${runId}/escalate-now`, to, evidence: buildEvidence(state) });
  } catch (error) {
    if (isCancellation(error)) throw error;
    note(state, 'action', `the call for help failed: ${recordError(error).message}`);
    state.error ??= toRecorded(recordError(error));
    return 'failed';
  }
  const record = state.actions.find(({ id }) => id === planned?.id);
  if (record?.status === 'pending') record.status = 'succeeded';
  state.escalated = true;
  return 'escalated';
}

/** Runs that wait for this recovery hear how it ended, before anybody can start the next one. */
async function tellRuns(state: RecoveryState, status: ClosedRecoveryStatus): Promise<void> {
  const { workflowId, runId } = workflowInfo();
  const report = buildReport(state, status);
  const { failure } = state.input;
  const outcome: Omit<RecoveryOutcome, 'primary'> = {
    recoveryId: workflowId,
    recoveryRunId: runId,
    status,
    summary: report.summary,
    ...(state.resolution ? { resolvedBy: state.resolution } : {}),
    ...(state.restored ? { restoredCheckpointId: state.restored.checkpointId } : {}),
    ...(state.restoredState ? { state: state.restoredState } : {}),
    ...(state.resolutionOutput === undefined ? {} : { output: state.resolutionOutput }),
  };
  const waiting = [failure, ...state.joined].flatMap(({ run }, index) => (run ? [{ run, primary: index === 0 }] : []));
  for (const { run, primary } of waiting) {
    try {
      await getExternalWorkflowHandle(run.workflowId).signal(recoveryClosedSignal, { ...outcome, primary });
    } catch (error) {
      note(state, 'status', `${run.workflowId} could not be told: ${recordError(error).message}`);
    }
  }
}

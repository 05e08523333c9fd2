import {
  CancellationScope,
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  workflowInfo,
} from '@temporalio/workflow';
import { DEFAULT_TIMEOUT } from '../domain/action.ts';
import type { Duration } from '../domain/duration.ts';
import type { Plan } from '../domain/plan.ts';
import type { ClosedRecoveryStatus, RecordedError } from '../domain/recovery.ts';
import type { RecoveryReport } from '../domain/report.ts';
import type { RecoveryOutcome } from '../domain/run.ts';
import { engine, sharedActivities } from './activity-proxies.ts';
import { recoveryClosedSignal } from './messages.ts';
import {
  createRecoveryState,
  isoNow,
  note,
  setStatus,
  type RecoveryInput,
  type RecoveryState,
} from './recovery-state.ts';
import { awaitApproval } from './steps/await-approval.ts';
import { buildReport } from './steps/build-report.ts';
import { carryOutPlan, recordsOf, type Ending } from './steps/carry-out-plan.ts';
import { compensate } from './steps/compensate.ts';
import { buildEvidence } from './steps/evidence.ts';
import { handleMessages } from './steps/handle-messages.ts';
import { recordError, toRecorded } from './steps/record-error.ts';
import { readProbes } from './steps/verify.ts';

/** One recovery of one target: plan, approve, act, verify, report. Its result is the report, however it ends. */
export async function recovery(input: RecoveryInput): Promise<RecoveryReport> {
  const state = createRecoveryState(input);
  handleMessages(state);
  note(state, 'reported', `${input.failure.target}: ${input.failure.message}`);
  let status: ClosedRecoveryStatus;
  try {
    status = await recover(state);
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
  await tellRuns(state, status);
  await condition(allHandlersFinished);
  setStatus(state, status);
  return buildReport(state, status);
}

async function recover(state: RecoveryState): Promise<ClosedRecoveryStatus> {
  if (!(await makePlan(state)) || !state.plan) return escalateNow(state);
  const { plan } = state;
  if (plan.mode === 'observe') {
    state.error = {
      code: 'action-not-applicable',
      message: `playbook ${plan.playbook.name} only observes: nothing was done`,
    };
    return 'escalated';
  }
  return plan.limits.deadline ? withDeadline(state, plan.limits.deadline, () => act(state, plan)) : act(state, plan);
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

async function act(state: RecoveryState, plan: Plan): Promise<ClosedRecoveryStatus> {
  if (plan.verify.probes.length > 0) state.probesBefore = await readProbes(plan.verify.probes);
  if (plan.requiresApproval && plan.approval) {
    const { verdict, by, reason } = await awaitApproval(state, plan.approval);
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
    const { failure, playbook, inputs } = state.input;
    const { classification, plan } = await engine.makePlan({
      failure,
      ...(playbook ? { playbook } : {}),
      ...(inputs ? { inputs } : {}),
    });
    state.classification = classification;
    state.plan = plan;
    state.actions = recordsOf(plan);
    state.times.t2 = isoNow();
    note(state, 'planned', `${plan.actions.length} actions by ${plan.playbook.name}`);
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    state.error = toRecorded(recordError(error));
    note(state, 'planned', `no plan could be made: ${state.error.message}`);
    return false;
  }
}

async function settle(state: RecoveryState, ending: Ending): Promise<ClosedRecoveryStatus> {
  if (ending === 'resolved') return state.resolution === 'skip' ? 'partial' : 'recovered';
  await compensate(state);
  state.error ??= lastError(state) ?? { code: 'action-failed', message: state.input.failure.message };
  if (state.escalated) return 'escalated';
  return ending === 'escalate' ? escalateNow(state) : 'failed';
}

/** The failure that counts: of the last action that was really tried. */
function lastError(state: RecoveryState): RecordedError | undefined {
  return state.actions.filter(({ type, error }) => error && type !== 'escalate').at(-1)?.error;
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

import { ApplicationFailure, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import type { ApproveInput, CompleteManualStepInput, PauseInput } from '../../domain/approval.ts';
import type { Failure } from '../../domain/failure.ts';
import { pointOfNoReturn } from '../../domain/point-of-no-return.ts';
import type { RecoverySnapshot } from '../../domain/recovery.ts';
import { engine } from '../activity-proxies.ts';
import * as messages from '../messages.ts';
import { isoNow, note, publish, type RecoveryState } from '../recovery-state.ts';
import { hearResolved } from './hear-resolved.ts';
import { answerApproval, approvalRefusal } from './await-approval.ts';
import { checkJoiningFailure, checkResolvedAlert } from './check-recovery-message.ts';
import { answerDecision, checkDecision, decisionRefusal, needsCheck, withGivenInput } from './await-decision.ts';

function refuse(code: string, why: string | undefined): void {
  if (why !== undefined) throw ApplicationFailure.nonRetryable(why, code);
}

function manualRefusal(state: RecoveryState, given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return 'the message is not an object';
  const input = given as Partial<Record<keyof CompleteManualStepInput, unknown>>;
  const { manual } = state.open;
  if (!manual) return `no manual step is open, the recovery is ${state.status}`;
  if (manual.answer) return `${manual.answer.by} has completed it already`;
  if (input.actionId !== manual.actionId) return `field "actionId" must be ${manual.actionId}, the step that is open`;
  if (typeof input.by !== 'string' || input.by.trim() === '') return 'field "by" does not name who completes it';
  return undefined;
}

function pauseRefusal(
  state: RecoveryState,
  given: PauseInput | undefined,
  verb: 'pause' | 'resume',
): string | undefined {
  if (!given || typeof given.by !== 'string' || given.by.trim() === '') return 'field "by" does not name who asks';
  if (typeof given.reason !== 'string' || given.reason.trim() === '') return 'field "reason" is missing';
  if (verb === 'pause' && state.pausedBy) return `${state.pausedBy.by} has paused it already`;
  if (verb === 'resume' && !state.pausedBy) return `it is not paused, it is ${state.status}`;
  return undefined;
}

/** All that is needed to decide, in one answer. */
function openApproval({ open: { approval }, plan }: RecoveryState): Pick<RecoverySnapshot, 'approval'> {
  if (!approval || !plan) return {};
  const noReturn = pointOfNoReturn(plan.actions);
  return {
    approval: {
      planHash: plan.hash,
      policy: approval.policy,
      granted: approval.granted.map(({ by }) => by),
      risk: plan.risk,
      estimatedDurationMs: plan.estimatedDurationMs,
      ...(approval.actionId === undefined ? {} : { actionId: approval.actionId }),
      ...(noReturn === undefined ? {} : { pointOfNoReturn: noReturn }),
      ...(approval.impact ? { impact: approval.impact } : {}),
      ...(approval.prediction ? { prediction: approval.prediction } : {}),
    },
  };
}

function snapshot(state: RecoveryState): RecoverySnapshot {
  const { workflowId, runId, startTime } = workflowInfo();
  const { failure } = state.input;
  return {
    workflowId,
    runId,
    target: failure.target,
    ...(failure.subject ? { subject: failure.subject } : {}),
    status: state.status,
    ...(state.plan ? { playbook: state.plan.playbook.name, planHash: state.plan.hash } : {}),
    ...(state.waitingFor ? { waitingFor: state.waitingFor } : {}),
    ...openApproval(state),
    ...(state.pausedBy ? { pausedBy: state.pausedBy } : {}),
    ...(state.strategies.length > 0 ? { strategy: state.strategies.length + 1 } : {}),
    ...(state.current ? { currentAction: state.current.id } : {}),
    actions: state.actions,
    joined: state.joined.length,
    timelineLength: state.timeline.length,
    startedAt: startTime.toISOString(),
  };
}

function handleQueries(state: RecoveryState): void {
  setHandler(messages.statusQuery, () => snapshot(state), { description: 'Where the recovery stands' });
  setHandler(messages.planQuery, () => state.plan ?? null, { description: 'The plan with its hash' });
  setHandler(messages.timelineQuery, (range) => state.timeline.slice(range?.after ?? 0), {
    description: 'Everything that happened, optionally after an entry number: {"after": 12}',
  });
  setHandler(messages.allowedDecisionsQuery, () => state.open.decision?.allowed ?? [], {
    description: 'What may be decided on the parked action, and why the rest may not',
  });
}

const reasonMissing = (input: { reason?: unknown }): string | undefined =>
  typeof input.reason === 'string' && input.reason.trim() !== '' ? undefined : 'field "reason" is missing';

/** The update that answers and the signal that does not, for one of the two verdicts. */
function approvalHandlers(state: RecoveryState, verb: 'approve' | 'deny') {
  const verdict = verb === 'approve' ? 'approved' : 'denied';
  const refusal = (input: ApproveInput) =>
    approvalRefusal(state, input) ?? (verb === 'deny' ? reasonMissing(input) : undefined);
  /** Of a signed one, once an activity has looked at it; by then another answer may have come first. */
  const signatureRefusal = async (input: ApproveInput): Promise<string | undefined> => {
    const { workflowId, runId } = workflowInfo();
    const answer = await engine(state.input).checkApproval({ workflowId, runId, verdict, input });
    return answer.refusal ?? refusal(input);
  };
  const take = (input: ApproveInput): messages.MessageReceipt => {
    answerApproval(state, input, verdict, 'update');
    return { status: state.status, note: `${verdict} by ${input.by}` };
  };
  const hear = (input: ApproveInput, why: string | undefined): void => {
    if (why === undefined) answerApproval(state, input, verdict, 'signal');
    else note(state, 'refused', `signal ${verb}: ${why}`);
  };
  return {
    update: (input: ApproveInput): messages.MessageReceipt | Promise<messages.MessageReceipt> => {
      if (!input.signature) return take(input);
      return signatureRefusal(input).then((why) => {
        refuse('approval-refused', why);
        return take(input);
      });
    },
    updateOptions: {
      validator: (input: ApproveInput) => refuse('approval-refused', refusal(input)),
      description: `${verb} the plan: {"planHash": "…", "by": "…", "reason": "…"}`,
    },
    signal: (input: ApproveInput): void | Promise<void> => {
      const why = refusal(input);
      if (why !== undefined || !input.signature) hear(input, why);
      else return signatureRefusal(input).then((found) => hear(input, found));
    },
    signalOptions: { description: `${verb} without waiting for the answer; a wrong one is refused in the timeline` },
  };
}

function handleApprovals(state: RecoveryState): void {
  const approve = approvalHandlers(state, 'approve');
  setHandler(messages.approveUpdate, approve.update, approve.updateOptions);
  setHandler(messages.approveSignal, approve.signal, approve.signalOptions);
  const deny = approvalHandlers(state, 'deny');
  setHandler(messages.denyUpdate, deny.update, deny.updateOptions);
  setHandler(messages.denySignal, deny.signal, deny.signalOptions);
}

function handleManualSteps(state: RecoveryState): void {
  const complete = (input: CompleteManualStepInput): void => {
    if (!state.open.manual) return;
    state.open.manual.answer = { ...input, outcome: input.outcome ?? 'done' };
    note(state, 'decision', `${input.actionId} completed by ${input.by}`, { actionId: input.actionId, by: input.by });
  };
  setHandler(
    messages.completeManualStepUpdate,
    (input) => {
      complete(input);
      return { status: state.status, note: `completed by ${input.by}` };
    },
    {
      validator: (input) => refuse('decision-refused', manualRefusal(state, input)),
      description: 'Complete the open manual step: {"actionId": "…", "by": "…", "outcome": "done"}',
    },
  );
  setHandler(
    messages.completeManualStepSignal,
    (input) => {
      const why = manualRefusal(state, input);
      if (why === undefined) complete(input);
      else note(state, 'refused', `signal completeManualStep: ${why}`);
    },
    { description: 'Complete the open manual step without waiting for the answer' },
  );
}

function handleOperator(state: RecoveryState): void {
  setHandler(
    messages.decideUpdate,
    (input) => {
      const receipt = () => ({ status: state.status, note: `${input.decision} by ${input.by}` });
      const { decision } = state.open;
      if (!decision || !needsCheck(input) || !patched('check-decisions')) {
        answerDecision(state, withGivenInput(input, decision?.editable));
        return receipt();
      }
      decision.checking = input.by;
      return checkDecision(state, input, decision.editable)
        .finally(() => delete decision.checking)
        .then((checked) => {
          if (state.open.decision !== decision)
            refuse('decision-refused', 'the wait for a decision has ended meanwhile');
          answerDecision(state, checked);
          return receipt();
        });
    },
    {
      validator: (input) => refuse('decision-refused', decisionRefusal(state, input)),
      description: 'Decide on the parked action: {"decision": "retry", "actionId": "…", "by": "…", "reason": "…"}',
    },
  );
  setHandler(
    messages.pauseUpdate,
    ({ by, reason }) => {
      state.pausedBy = { by, reason, at: isoNow() };
      note(state, 'pause', `pause asked by ${by}: takes effect before the next action`, { by, reason });
      publish(state);
      return { status: state.status, note: 'pauses before the next action' };
    },
    {
      validator: (input: PauseInput) => refuse('decision-refused', pauseRefusal(state, input, 'pause')),
      description: 'Pause before the next action',
    },
  );
  setHandler(
    messages.resumeUpdate,
    ({ by, reason }) => {
      delete state.pausedBy;
      note(state, 'pause', `resumed by ${by}`, { by, reason });
      return { status: state.status, note: 'resumes' };
    },
    {
      validator: (input: PauseInput) => refuse('decision-refused', pauseRefusal(state, input, 'resume')),
      description: 'Go on after a pause',
    },
  );
}

/** Registered before the first await, so that no message meets a recovery that cannot hear. */
export function handleMessages(state: RecoveryState): void {
  handleQueries(state);
  handleApprovals(state);
  handleManualSteps(state);
  handleOperator(state);
  setHandler(
    messages.reportUpdate,
    (failure: Failure) => {
      state.joined.push(failure);
      note(state, 'joined', `a further failure joined: ${failure.message}`);
      return { status: state.status, note: `joined as failure ${state.joined.length + 1} of this recovery` };
    },
    { validator: checkJoiningFailure, description: 'A further failure of the same target joins this recovery' },
  );
  setHandler(messages.alertResolvedUpdate, (alert) => hearResolved(state, alert), {
    validator: checkResolvedAlert,
    description: 'An alert about the target is over: it is looked at again while a person is waited for',
  });
}

import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { ResolvedAlert } from '../domain/alert.ts';
import type { ComponentSpec } from '../domain/component.ts';
import type { PlannedAction } from '../domain/action.ts';
import type {
  ApprovalPolicy,
  ApprovalRecord,
  CompleteManualStepInput,
  DecideInput,
  Impact,
} from '../domain/approval.ts';
import type { Continues } from '../domain/continuation.ts';
import type { BreakGlass } from '../domain/brakes.ts';
import type { Json } from '../domain/canonical-json.ts';
import type { StateParts } from '../domain/checkpoint.ts';
import type { Classification, Failure } from '../domain/failure.ts';
import type { Operation } from '../domain/operation.ts';
import type { Prediction } from '../domain/knowledge.ts';
import type { Plan } from '../domain/plan.ts';
import type { ProbeReading } from '../domain/probe.ts';
import type {
  ActionRecord,
  AllowedDecision,
  ClosedRecoveryStatus,
  RecordedError,
  RecoveryStatus,
  Resolution,
  TimelineEntry,
  WaitingFor,
} from '../domain/recovery.ts';
import type { CompensationRecord, RestoredCheckpoint } from '../domain/report.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';
import { describeRecovery } from './steps/describe-recovery.ts';
import type { SagaEntry } from './steps/saga.ts';
import type { MadePlan } from './steps/strategies.ts';

export interface RecoveryInput {
  failure: Failure;
  /** By name, instead of by choice. */
  playbook?: string;
  inputs?: Record<string, Json>;
  /** Of the behaviour that it was started with; absent in those that began before there were versions. */
  version?: number;
  /** Lets it through the brakes; kept in the plan and the report. */
  breakGlass?: BreakGlass;
  /** Known to this recovery alone, by name; they come before those of the workers. */
  components?: Record<string, ComponentSpec>;
  /** An earlier recovery of the target that this one goes on with. */
  continues?: Continues;
}

export interface OpenApproval {
  /** The action that asks; absent for the plan as a whole. */
  actionId?: string;
  policy: ApprovalPolicy;
  granted: ApprovalRecord[];
  denied?: ApprovalRecord;
  /** What is to be expected of the plan. */
  prediction?: Prediction;
  /** What the rollbacks would change, as it was when the approval was asked for. */
  impact?: Impact;
}

export interface OpenDecision {
  actionId: string;
  allowed: AllowedDecision[];
  /** What a person may give another input. */
  editable?: Operation;
  /** Whose decision an activity looks at right now. */
  checking?: string;
  answer?: CheckedDecision;
}

/** A decision with what an activity has made of it. */
export interface CheckedDecision extends DecideInput {
  /** With `retry` and an input: what is to be done instead. */
  operation?: Operation;
  /** With `handover`: the plan of the playbook that takes over. */
  made?: MadePlan;
}

/** All that a recovery knows, in one place; the steps read and change it. */
export interface RecoveryState {
  readonly input: RecoveryInput;
  readonly startedAt: number;
  status: RecoveryStatus;
  classification?: Classification;
  plan?: Plan;
  /** What was tried before `plan` and did not help. */
  strategies: { plan: Plan; actions: ActionRecord[]; probes: ProbeReading[]; error: RecordedError }[];
  /** The plan that takes over after this one. */
  next?: MadePlan;
  actions: ActionRecord[];
  current?: PlannedAction;
  waitingFor?: WaitingFor;
  humanWaitMs: number;
  resolution?: Resolution;
  /** Output of the operation that worked again. */
  resolutionOutput?: Json;
  escalated: boolean;
  aborted: boolean;
  error?: RecordedError;
  joined: Failure[];
  /** Components that are shown as degraded for as long as this recovery is open. */
  degraded?: string[];
  /** Alerts that were told to be over. */
  resolvedAlerts: ResolvedAlert[];
  /** Ends it as it is, while it waits for a person: nothing more is done and nothing is undone. */
  endNow?: (status: ClosedRecoveryStatus) => void;
  /** Why it was ended so. */
  endedBecause?: string;
  /** Of what was registered: a wait for a person is about an undo. */
  undoing: boolean;
  timeline: TimelineEntry[];
  approvals: ApprovalRecord[];
  /** Of the recovery that this one goes on with. They count while plan and target are the same. */
  carriedApprovals: ApprovalRecord[];
  /** What a person is asked at this moment; the message handlers answer it. */
  open: {
    approval?: OpenApproval;
    manual?: { actionId: string; answer?: CompleteManualStepInput };
    decision?: OpenDecision;
  };
  decisions: (DecideInput & { at: string })[];
  pausedBy?: { by: string; reason: string; at: string };
  probesBefore: ProbeReading[];
  probesAfter: ProbeReading[];
  verifiedBy: 'probes' | 'operation' | 'none';
  heldForMs: number;
  saga: SagaEntry[];
  compensations: CompensationRecord[];
  restored?: RestoredCheckpoint;
  restoredState?: StateParts;
  times: { t2?: string; t3?: string; t4?: string; t5?: string };
  published: string;
}

export const isoNow = (): string => new Date().toISOString();

export function createRecoveryState(input: RecoveryInput): RecoveryState {
  return {
    input,
    startedAt: workflowInfo().startTime.getTime(),
    status: 'planning',
    strategies: [],
    actions: [],
    humanWaitMs: 0,
    escalated: false,
    aborted: false,
    joined: [],
    resolvedAlerts: [],
    undoing: false,
    timeline: [],
    approvals: [],
    carriedApprovals: [],
    open: {},
    decisions: [],
    probesBefore: [],
    probesAfter: [],
    verifiedBy: 'none',
    heldForMs: 0,
    saga: [],
    compensations: [],
    times: {},
    published: '',
  };
}

export function note(
  state: RecoveryState,
  kind: TimelineEntry['kind'],
  message: string,
  extra: Pick<TimelineEntry, 'actionId' | 'by' | 'reason'> = {},
): void {
  state.timeline.push({ seq: state.timeline.length + 1, at: isoNow(), kind, message, ...extra });
}

/** Makes the status visible: one upsert for all attributes, and only when one of them changed. */
export function publish(state: RecoveryState): void {
  setCurrentDetails(describeRecovery(state));
  const { classification, plan, waitingFor, status } = state;
  const key = [status, plan?.hash, waitingFor?.key, waitingFor?.since].join('|');
  if (key === state.published) return;
  const first = !state.published.includes(plan?.hash ?? '-');
  state.published = key;
  upsertSearchAttributes([
    { key: SEARCH_ATTRIBUTES.status, value: status },
    { key: SEARCH_ATTRIBUTES.waitingFor, value: waitingFor?.key ?? null },
    { key: SEARCH_ATTRIBUTES.waitingSince, value: waitingFor ? new Date(waitingFor.since) : null },
    ...(first && plan && classification
      ? [
          { key: SEARCH_ATTRIBUTES.category, value: classification.category },
          { key: SEARCH_ATTRIBUTES.failureType, value: classification.type },
          { key: SEARCH_ATTRIBUTES.severity, value: classification.severity },
          { key: SEARCH_ATTRIBUTES.playbook, value: plan.playbook.name },
        ]
      : []),
  ]);
}

export function setStatus(state: RecoveryState, status: RecoveryStatus): void {
  if (state.status === status) return;
  state.status = status;
  note(state, 'status', status);
  publish(state);
}

import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { PlannedAction } from '../domain/action.ts';
import type { ApprovalPolicy, ApprovalRecord, CompleteManualStepInput, DecideInput } from '../domain/approval.ts';
import type { Json } from '../domain/canonical-json.ts';
import type { StateParts } from '../domain/checkpoint.ts';
import type { Classification, Failure } from '../domain/failure.ts';
import type { Plan } from '../domain/plan.ts';
import type { ProbeReading } from '../domain/probe.ts';
import type {
  ActionRecord,
  AllowedDecision,
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

export interface RecoveryInput {
  failure: Failure;
  /** By name, instead of by choice. */
  playbook?: string;
  inputs?: Record<string, Json>;
}

export interface OpenApproval {
  /** The action that asks; absent for the plan as a whole. */
  actionId?: string;
  policy: ApprovalPolicy;
  granted: ApprovalRecord[];
  denied?: ApprovalRecord;
}

/** All that a recovery knows, in one place; the steps read and change it. */
export interface RecoveryState {
  readonly input: RecoveryInput;
  readonly startedAt: number;
  status: RecoveryStatus;
  classification?: Classification;
  plan?: Plan;
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
  timeline: TimelineEntry[];
  approvals: ApprovalRecord[];
  /** What a person is asked at this moment; the message handlers answer it. */
  open: {
    approval?: OpenApproval;
    manual?: { actionId: string; answer?: CompleteManualStepInput };
    decision?: { actionId: string; allowed: AllowedDecision[]; answer?: DecideInput };
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
    actions: [],
    humanWaitMs: 0,
    escalated: false,
    aborted: false,
    joined: [],
    timeline: [],
    approvals: [],
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

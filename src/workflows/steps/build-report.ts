import { workflowInfo } from '@temporalio/workflow';
import type { ClosedRecoveryStatus } from '../../domain/recovery.ts';
import type { RecoveryReport } from '../../domain/report.ts';
import { isoNow, type RecoveryState } from '../recovery-state.ts';
import { failedStrategies } from './evidence.ts';

const NEXT_STEPS: Record<ClosedRecoveryStatus, readonly string[]> = {
  recovered: ['Nothing has to be done. The cause may still be there: see the failure and its classification.'],
  partial: ['Something was left out: see the skipped step, and do it by hand or run it later.'],
  failed: ['The target is still broken. See the failed actions, mend the cause, then start a new recovery.'],
  escalated: ['A person has to take over: the evidence is in this report and was handed to those called.'],
  cancelled: ['It was stopped on request and what it had begun was undone. The failure may still be there.'],
};

const FALLBACK_STEP = 'A fallback stands in for what failed: see the note of the action, and bring the real one back.';

const ENDED_STEP = 'It was ended as it stood: nothing more was done, and nothing was undone.';

function stepsAfter({ resolution, endedBecause }: RecoveryState, status: ClosedRecoveryStatus): readonly string[] {
  if (resolution === 'fallback' && status === 'partial') return [FALLBACK_STEP];
  if (endedBecause === undefined) return NEXT_STEPS[status];
  return status === 'recovered' ? [ENDED_STEP, ...NEXT_STEPS.recovered] : [ENDED_STEP];
}

function nextSteps(state: RecoveryState, status: ClosedRecoveryStatus): string[] {
  const failedUndo = state.compensations.filter(({ ok }) => !ok);
  return [
    ...failedUndo.map(({ title, error }) => `Undo by hand: ${title} failed (${error?.message ?? 'unknown'}).`),
    ...stepsAfter(state, status),
    ...(state.restored?.backupId
      ? [`What was there before the rollback is kept: rerail restore ${state.restored.backupId}`]
      : []),
  ];
}

function summarise(state: RecoveryState, status: ClosedRecoveryStatus): string {
  const { target } = state.input.failure;
  const failedUndo = state.compensations.filter(({ ok }) => !ok).length;
  const glass = state.approvals.some(({ breakGlass }) => breakGlass) ? 'the glass was broken; ' : '';
  const prefix = `${failedUndo > 0 ? `${failedUndo} undo failed; ` : ''}${glass}`;
  const by = state.resolution === undefined ? '' : ` by ${state.resolution}`;
  const proof = state.verifiedBy === 'none' ? 'not verified' : `verified by ${state.verifiedBy}`;
  const others = state.strategies.map(({ plan }) => plan.playbook.name).join(', ');
  const tried = others === '' ? '' : ` (${others} did not help either)`;
  const because = state.endedBecause ?? state.error?.message;
  const why = because === undefined ? '' : `: ${because}`;
  switch (status) {
    case 'recovered':
      return `${prefix}${target} recovered${by}, ${proof}${state.endedBecause === undefined ? '' : `: ${state.endedBecause}`}`;
    case 'partial':
      return state.resolution === 'fallback'
        ? `${prefix}${target} goes on with a fallback, ${proof}`
        : `${prefix}${target} goes on without what failed${by}, ${proof}`;
    default:
      return `${prefix}${target} ${status}${why}${tried}`;
  }
}

const span = (from: string | number, to: string | undefined): number | undefined =>
  to === undefined ? undefined : Math.max(0, Date.parse(to) - (typeof from === 'number' ? from : Date.parse(from)));

export function buildReport(state: RecoveryState, status: ClosedRecoveryStatus): RecoveryReport {
  const { workflowId, runId } = workflowInfo();
  const { failure } = state.input;
  const started = new Date(state.startedAt).toISOString();
  const t1 = failure.detectedAt ?? started;
  const t0 = failure.occurredAt ?? t1;
  const resolved = status === 'recovered' || status === 'partial';
  const { t4, t5 } = resolved ? state.times : {};
  const timeToMitigateMs = span(t0, t4);
  const ttrMs = span(t0, t5);
  return {
    schemaVersion: 1,
    workflowId,
    runId,
    target: failure.target,
    ...(failure.subject ? { subject: failure.subject } : {}),
    status,
    summary: summarise(state, status),
    nextSteps: nextSteps(state, status),
    ...(state.resolution && resolved ? { resolvedBy: state.resolution } : {}),
    failure,
    joined: state.joined,
    ...(state.classification ? { classification: state.classification } : {}),
    ...(state.plan ? { plan: state.plan } : {}),
    actions: state.actions,
    ...failedStrategies(state),
    approvals: state.approvals,
    decisions: state.decisions,
    verification: {
      verified: resolved && state.verifiedBy !== 'none',
      how: resolved ? state.verifiedBy : 'none',
      before: state.probesBefore,
      after: state.probesAfter,
      heldForMs: state.heldForMs,
    },
    compensations: state.compensations,
    ...(state.restored ? { restored: state.restored } : {}),
    times: { t0, t1, ...state.times, ...(resolved ? {} : { t4: undefined, t5: undefined }) },
    durations: {
      ttdMs: span(t0, t1) ?? 0,
      ...(timeToMitigateMs === undefined ? {} : { timeToMitigateMs }),
      ...(ttrMs === undefined ? {} : { ttrMs }),
      humanWaitMs: state.humanWaitMs,
      totalMs: span(state.startedAt, isoNow()) ?? 0,
    },
    timeline: state.timeline,
    ...(state.error ? { error: state.error } : {}),
  };
}

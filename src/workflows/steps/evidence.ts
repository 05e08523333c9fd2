import { workflowInfo } from '@temporalio/workflow';
import type { Classification, Failure } from '../../domain/failure.ts';
import type { ProbeReading } from '../../domain/probe.ts';
import type { ActionRecord, TimelineEntry } from '../../domain/recovery.ts';
import type { CompensationRecord, FailedStrategy, RestoredCheckpoint } from '../../domain/report.ts';
import type { RecoveryState } from '../recovery-state.ts';

/** What the person who is called gets to see: everything tried and everything seen so far. */
export interface Evidence {
  workflowId: string;
  runId: string;
  target: string;
  message: string;
  failure: Failure;
  classification: Classification | null;
  planHash: string | null;
  playbook: string | null;
  actions: ActionRecord[];
  /** What was tried before and did not help, with what was seen after it. */
  failedStrategies?: FailedStrategy[];
  compensations: CompensationRecord[];
  probes: { before: ProbeReading[]; after: ProbeReading[] };
  restored: RestoredCheckpoint | null;
  timeline: TimelineEntry[];
}

/** Absent where the first plan is the only one. */
export function failedStrategies({ strategies }: RecoveryState): { failedStrategies?: FailedStrategy[] } {
  if (strategies.length === 0) return {};
  return {
    failedStrategies: strategies.map(({ plan, actions, probes, error }) => ({
      playbook: plan.playbook.name,
      planHash: plan.hash,
      error,
      actions,
      probes,
    })),
  };
}

export function buildEvidence(state: RecoveryState): Evidence {
  const { workflowId, runId } = workflowInfo();
  const { failure } = state.input;
  return {
    workflowId,
    runId,
    target: failure.target,
    message: failure.message,
    failure,
    classification: state.classification ?? null,
    planHash: state.plan?.hash ?? null,
    playbook: state.plan?.playbook.name ?? null,
    actions: state.actions,
    ...failedStrategies(state),
    compensations: state.compensations,
    probes: { before: state.probesBefore, after: state.probesAfter },
    restored: state.restored ?? null,
    timeline: state.timeline,
  };
}

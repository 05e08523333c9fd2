import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { isRestorable } from '../domain/checkpoint-list.ts';
import type { Failure, RunStepRef } from '../domain/failure.ts';

/** Checkpoints are given newest first. Returns undefined where none can be restored. */
export function chooseCheckpoint(
  wanted: string,
  failure: Failure,
  records: readonly CheckpointRecord[],
): CheckpointRecord | undefined {
  const usable = records.filter(isRestorable);
  if (wanted.startsWith('cp_')) {
    // The backup before a rollback is restored when it is named: that is the undo.
    return records.find(({ info, state }) => info.id === wanted && state === 'complete' && info.success);
  }
  if (wanted === 'latest') return usable[0];
  const starts = usable.filter((record) => record.info.type === 'phase-start');
  const startOf = (phaseIndex: number) => starts.find((record) => record.info.phaseIndex === phaseIndex);
  // A phase that was asked for by number is never replaced by another one.
  if (wanted !== 'phase-start') return startOf(Number(wanted.split(':')[1]));
  const failedPhase = failure.run?.failed.phaseIndex;
  return failedPhase === undefined ? (starts[0] ?? usable[0]) : (startOf(failedPhase) ?? starts[0]);
}

/**
 * The steps that a return to this checkpoint makes necessary again, the failed one last; without one only the failed step,
 * for what was done at the same time as that has worked.
 */
export function stepsSince(failure: Failure, record: CheckpointRecord | undefined): RunStepRef[] {
  const { steps = [], failed } = failure.run ?? {};
  const from = record?.info.stepIndex;
  if (from === undefined) return steps.filter(({ index }) => index === failed?.index);
  return steps.filter((step) => step.index >= Math.min(from, failed?.index ?? from));
}

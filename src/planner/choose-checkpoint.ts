import type { CheckpointRecord } from '../domain/checkpoint.ts';
import type { Failure, RunStepRef } from '../domain/failure.ts';

const isUsable = (record: CheckpointRecord): boolean => record.state === 'complete' && record.info.success;

/** Checkpoints are given newest first. Returns undefined where none can be restored. */
export function chooseCheckpoint(
  wanted: string,
  failure: Failure,
  records: readonly CheckpointRecord[],
): CheckpointRecord | undefined {
  const usable = records.filter((record) => isUsable(record) && record.info.type !== 'recovery');
  if (wanted.startsWith('cp_')) return records.find((record) => record.info.id === wanted && isUsable(record));
  if (wanted === 'latest') return usable[0];
  const starts = usable.filter((record) => record.info.type === 'phase-start');
  const phaseIndex = wanted === 'phase-start' ? failure.run?.failed.phaseIndex : Number(wanted.split(':')[1]);
  if (phaseIndex === undefined) return starts[0] ?? usable[0];
  return starts.find((record) => record.info.phaseIndex === phaseIndex) ?? starts[0];
}

/** The steps that a return to this checkpoint makes necessary again, the failed one last. */
export function stepsSince(failure: Failure, record: CheckpointRecord | undefined): RunStepRef[] {
  const steps = failure.run?.steps ?? [];
  const from = record?.info.stepIndex ?? failure.run?.failed.index ?? 0;
  return steps.filter((step) => step.index >= Math.min(from, failure.run?.failed.index ?? from));
}

import type { RestorePhase } from '../../domain/rollback.ts';
import type { CheckpointContext } from './checkpoint-context.ts';

/** The five phases of a restore (requirement 2.3), by the step that is at work. */
const PHASE_OF: Readonly<Record<string, RestorePhase>> = {
  fetch: 'validating',
  plan: 'validating',
  backup: 'backup',
  stage: 'rollback',
  apply: 'rollback',
  git: 'rollback',
  system: 'rollback',
  artifacts: 'rollback',
  verify: 'verify',
  complete: 'complete',
};

/** Makes one story of what the steps tell; a step that is no phase of its own, such as a scan, belongs to the last one. */
export function withPhases(context: CheckpointContext): CheckpointContext {
  let phase: RestorePhase = 'validating';
  return {
    ...context,
    progress: (step, details = {}) => {
      phase = PHASE_OF[step] ?? phase;
      const { files, steps, ...rest } = details as { files?: number; steps?: number };
      const current = files ?? steps;
      context.progress(phase, { ...rest, ...(current === undefined ? {} : { current }), message: step });
    },
  };
}

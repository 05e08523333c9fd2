import { createHash } from 'node:crypto';
import type { CheckpointRecord } from '../../../src/domain/checkpoint.ts';
import { FailureSchema } from '../../../src/domain/failure.schema.ts';
import type { Failure, FailureInput } from '../../../src/domain/failure.ts';
import type { LoadedPlaybook } from '../../../src/domain/playbook.ts';
import { makePlan, type MadePlan, type MakePlanInput } from '../../../src/planner/make-plan.ts';
import { fakeCheckpoint } from '../../support/fake-checkpoint.ts';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const HOST = 'build-1';
export const WORKSPACE = '/work/web';
export const SUBJECT = 'run/web/1';

export function failure(given: Partial<FailureInput> = {}): Failure {
  return FailureSchema.parse({ target: 'release/web', message: 'it broke', ...given });
}

export function checkpointId(name: string): string {
  return `cp_${name.toUpperCase().padStart(26, '0')}`;
}

/** Complete and of a good state unless said otherwise. */
export function checkpoint(
  name: string,
  info: Partial<CheckpointRecord['info']> = {},
  rest: Partial<Omit<CheckpointRecord, 'info'>> = {},
): CheckpointRecord {
  return fakeCheckpoint(checkpointId(name), { name, type: 'auto', subject: SUBJECT, ...info }, { host: HOST, ...rest });
}

/** Steps of two phases: `build` has 0 and 1, `test` has 2 and 3. */
export const STEPS = [
  { phase: 'build', phaseIndex: 0, step: 'install' },
  { phase: 'build', phaseIndex: 0, step: 'compile' },
  { phase: 'test', phaseIndex: 1, step: 'lint' },
  { phase: 'test', phaseIndex: 1, step: 'unit' },
].map((step, index) => ({
  ...step,
  index,
  optional: false,
  operation: { kind: 'command' as const, argv: ['npm', 'run', step.step] },
}));

/** The report of a run whose step with this index failed. */
export function runFailure(index: number, given: Partial<FailureInput> = {}, optional = false): Failure {
  const steps = STEPS.slice(0, index + 1).map((step) => ({ ...step, optional: step.index === index && optional }));
  const failed = steps[index];
  if (!failed) throw new Error(`there is no step ${index}`);
  return failure({
    subject: SUBJECT,
    operation: failed.operation,
    run: { workflowId: SUBJECT, workspace: WORKSPACE, host: HOST, failed, steps },
    ...given,
  });
}

/** Newest first, as the ledger gives them. */
export const LEDGER: CheckpointRecord[] = [
  checkpoint('afterlint', { stepIndex: 3, phaseIndex: 1 }),
  checkpoint('teststart', { type: 'phase-start', phase: 'test', phaseIndex: 1, stepIndex: 2 }),
  checkpoint('buildend', { type: 'phase-end', phase: 'build', phaseIndex: 0, stepIndex: 2 }),
  checkpoint('buildstart', { type: 'phase-start', phase: 'build', phaseIndex: 0, stepIndex: 0 }),
];

export function planFor(
  given: Failure,
  playbooks: readonly LoadedPlaybook[],
  options: Partial<MakePlanInput> = {},
): MadePlan {
  return makePlan({
    failure: given,
    playbooks,
    checkpoints: LEDGER,
    defaultHost: HOST,
    id: 'plan_1',
    now: '2026-01-01T00:00:00.000Z',
    sha256,
    ...options,
  });
}

import { AsyncLocalStorage } from '@temporalio/workflow';
import type { RecoveryOutcome } from '../../domain/run.ts';

/** Recoveries that the present call has had already. Infinity: its failure is somebody else's business. */
const past = new AsyncLocalStorage<number>();

export const recoveriesSoFar = (): number => past.getStore() ?? 0;

export const afterRecoveries = <T>(count: number, work: () => T): T => past.run(count, work);

/** A failure in here opens no recovery of its own: who runs it deals with it. */
export const leftAlone = <T>(work: () => T): T => past.run(Number.POSITIVE_INFINITY, work);

/** A step that a recovery may have done again by this workflow. */
export interface StepHere {
  run: () => Promise<unknown>;
  running?: Promise<void>;
  done?: { value: unknown };
}

/** What this execution knows of its recoveries. Temporal loads this module anew for each execution. */
export const here = {
  listening: false,
  asked: 0,
  closed: new Map<string, RecoveryOutcome>(),
  steps: new Map<string, StepHere>(),
};

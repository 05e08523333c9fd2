import { Context } from '@temporalio/activity';
import { filterCheckpoints } from '../../domain/checkpoint-list.ts';
import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import { asActivity } from '../support/as-activity.ts';
import type {
  createSessionActivities,
  SessionDependencies,
  CaptureSessionInput,
  SessionInput,
} from './create-session-activities.ts';

type SessionActivities = ReturnType<typeof createSessionActivities>;

/** Of the activity that runs: the recovery it belongs to, and the try, which is the same after a lost worker. */
export function activityKeys(): { execution: string; step: string } {
  const { workflowExecution, activityId } = Context.current().info;
  const execution = `${workflowExecution?.workflowId ?? ''}/${workflowExecution?.runId ?? ''}`;
  return { execution, step: `${execution}/${activityId}` };
}

/** What a host asks of ledgers: which checkpoints are valid, and to list one that it has made by itself. */
export const ledgerOf = (deps: {
  listCheckpoints: (subject: string) => Promise<CheckpointRecord[]>;
  engine: { addToLedger: (record: CheckpointRecord) => Promise<void> };
}): NonNullable<SessionDependencies['ledger']> => ({
  list: async (subject) =>
    filterCheckpoints(await deps.listCheckpoints(subject), { valid: true }).map(({ info }) => info),
  add: deps.engine.addToLedger,
});

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Aborted when the try of the activity that runs is cancelled or its time is up, of which nobody tells it. */
export function attemptSignal(): AbortSignal {
  const { cancellationSignal, info } = Context.current();
  const timeUp = AbortSignal.timeout(Math.min(info.startToCloseTimeoutMs, LONGEST_TIMER_MS));
  return AbortSignal.any([cancellationSignal, timeUp]);
}

/** With the wire form of our errors. */
export const asHostActivities = (sessions: SessionActivities) => ({
  captureSession: asActivity((input: CaptureSessionInput) => sessions.captureSession(input)),
  checkSession: asActivity((input: SessionInput) => sessions.checkSession(input)),
  saveSession: asActivity((input: SessionInput) => sessions.saveSession(input)),
  recreateSession: asActivity((input: SessionInput) => sessions.recreateSession(input)),
  unfreezeSession: asActivity((input: SessionInput) => sessions.unfreezeSession(input)),
  repairSession: asActivity((input: SessionInput) => sessions.repairSession(input)),
  reattachSession: asActivity((input: SessionInput) => sessions.reattachSession(input)),
  verifySession: asActivity((input: SessionInput) => sessions.verifySession(input)),
  undoSession: asActivity((input: SessionInput) => sessions.undoSession(input)),
});

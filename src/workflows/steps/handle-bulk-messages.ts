import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import { note, publish, type BulkState } from '../bulk-state.ts';
import { pauseUpdate, resumeUpdate, stopUpdate, type MessageReceipt } from '../messages.ts';

type Verb = 'pause' | 'resume' | 'stop';

function refusal({ progress, status }: BulkState, verb: Verb, given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return 'the message is not an object';
  const { by, reason } = given as { by?: unknown; reason?: unknown };
  if (typeof by !== 'string' || by.trim() === '') return 'field "by" does not name who asks';
  if (typeof reason !== 'string' || reason.trim() === '') return 'field "reason" is missing';
  if (progress.stopped) return 'it was stopped';
  if (status !== 'running' && status !== 'paused') return `it is ${status}`;
  if (verb === 'pause' && progress.paused) return 'it is paused already';
  if (verb === 'resume' && !progress.paused) return 'it is not paused';
  return undefined;
}

const SAYS: Record<Verb, { past: string; effect: string }> = {
  pause: { past: 'paused', effect: 'what is under way goes on, nothing new begins' },
  resume: { past: 'resumed', effect: 'it goes on where it was' },
  stop: { past: 'stopped', effect: 'what is under way is watched to its end, nothing new begins' },
};

/** Pause, resume and stop by hand; a wrong message is refused and changes nothing. */
export function handleBulkMessages(state: BulkState): void {
  const { progress } = state;
  const listen = (verb: Verb, update: typeof pauseUpdate, change: () => void): void => {
    const { past, effect } = SAYS[verb];
    setHandler(
      update,
      ({ by, reason }): MessageReceipt => {
        change();
        if (!progress.stopped) state.status = progress.paused ? 'paused' : 'running';
        note(state, past, by, reason);
        publish(state);
        return { status: progress.stopped ? 'stopped' : state.status, note: effect };
      },
      {
        validator(input) {
          const why = refusal(state, verb, input);
          if (why !== undefined)
            throw ApplicationFailure.nonRetryable(`${verb} was refused: ${why}`, 'decision-refused');
        },
        description: `${past}: ${effect}. {"by": "…", "reason": "…"}`,
      },
    );
  };
  listen('pause', pauseUpdate, () => (progress.paused = true));
  listen('resume', resumeUpdate, () => (progress.paused = false));
  listen('stop', stopUpdate, () => (progress.stopped = true));
}

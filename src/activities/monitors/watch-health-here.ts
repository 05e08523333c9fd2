import { Context } from '@temporalio/activity';
import type { WatchBeat, WatchInput, WatchResult } from '../../domain/monitor.ts';
import { RerailError } from '../../domain/errors.ts';
import type { RunProbe } from '../probes/run-probe-here.ts';
import { watchHealth } from './watch-health.ts';

/** A watch takes one of the worker's places for as long as its monitor lives; the others are for work. */
export const MOST_WATCHES = 40;
let watches = 0;

/** In an activity: goes on from the last heartbeat, and ends with what it has when the worker stops. */
export async function watchHealthHere(
  input: WatchInput,
  { look, onLook }: { look: RunProbe; onLook?: ((lateMs: number) => void) | undefined },
): Promise<WatchResult> {
  if (watches >= MOST_WATCHES) {
    throw new RerailError('rate-limited', `this host looks after ${MOST_WATCHES} monitors already`, {
      remedy: 'Put checks together: one monitor may have a thousand of them.',
    });
  }
  watches += 1;
  try {
    const context = Context.current();
    const earlier = context.info.heartbeatDetails as WatchBeat | undefined;
    return await watchHealth(input, {
      look,
      heartbeat: (beat) => context.heartbeat(beat),
      earlier,
      signal: context.cancellationSignal,
      ...(onLook ? { onLook: ({ lateMs }) => onLook(lateMs) } : {}),
    });
  } finally {
    watches -= 1;
  }
}

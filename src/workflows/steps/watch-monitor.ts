import {
  ActivityCancellationType,
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { HostActivities } from '../../activities/index.ts';
import { hostTaskQueue } from '../../domain/wire-names.ts';
import type { WatchBeat } from '../../domain/monitor.ts';
import { applyTo, loseHost, takeBeat, takeResult, type MonitorRecord } from '../monitor-state.ts';
import { recordError } from './record-error.ts';

/** One watch without any news is so long: few enough for a history, often enough for what is shown. */
const WATCH_MS = 5 * 60_000;
/** For a host that is away the next watch waits in its queue. */
const AWAY = '1h';
const AFTER_ERROR_MS = 30_000;

/** What the workflow and its watch share. */
export interface Watching {
  record: MonitorRecord;
  watchMs?: number;
  /** Checks that somebody wants looked at now, and the number of the last one who asked. */
  now: { names: string[]; asked: number; answered: number };
  watches: number;
  /** To be done between two watches, when all that was counted is known. */
  between: (() => void)[];
  leaving: boolean;
  /** Ends the present watch; what it has counted is kept. */
  interrupt: () => void;
  changed: () => void;
}

function activityOn({ monitor, host }: MonitorRecord, watchMs: number) {
  return proxyActivities<HostActivities>({
    taskQueue: hostTaskQueue(monitor.host),
    scheduleToStartTimeout: host.state === 'lost' ? AWAY : monitor.hostTimeout,
    startToCloseTimeout: watchMs + 10 * 60_000,
    heartbeatTimeout: '15s',
    retry: { maximumAttempts: 10, initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    summary: `watches ${monitor.checks.length} checks on ${monitor.host}`,
  });
}

async function watchOnce(watching: Watching): Promise<void> {
  const { record, now, watchMs = WATCH_MS } = watching;
  const { asked, names } = now;
  const { monitor, counts, watchedUntil, startedAt } = record;
  const result = await activityOn(record, watchMs).watchHealth({
    monitor,
    from: counts,
    since: watchedUntil,
    startedAt,
    now: names,
    watchMs,
  });
  takeResult(record, result, Date.now());
  if (result.lookedNow) {
    now.answered = asked;
    for (const { name, target } of monitor.checks)
      if (names.includes(name)) applyTo(record, target, { type: 'lookedAgain', at: Date.now() });
    if (now.asked === asked) now.names = [];
  }
}

/**
 * A watch whose worker died while it was being ended, so that there was no other attempt. Its counts are in its last heartbeat;
 * whether the host is away shows with the next watch, which nobody takes up then.
 */
function diedAtWork(error: unknown): TimeoutFailure | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  return cause instanceof TimeoutFailure && cause.timeoutType !== 'SCHEDULE_TO_START' ? cause : undefined;
}

/** One watch after the other, until the workflow leaves. */
export async function keepWatching(watching: Watching): Promise<void> {
  const { record, between } = watching;
  const outer = CancellationScope.current();
  const isWanted = (): boolean => watching.leaving || between.length > 0;
  while (!watching.leaving) {
    for (const work of between.splice(0)) work();
    const scope = new CancellationScope();
    watching.interrupt = () => scope.cancel();
    watching.watches += 1;
    try {
      await scope.run(() => watchOnce(watching));
    } catch (error) {
      const death = diedAtWork(error);
      const beat = death?.lastHeartbeatDetails as WatchBeat | undefined;
      if (beat) takeBeat(record, beat, Date.now());
      if (!death && !isCancellation(error)) {
        loseHost(record, recordError(error).message, Date.now());
        watching.changed();
        await condition(isWanted, AFTER_ERROR_MS, { summary: 'until the next watch' });
      } else if (outer.consideredCancelled) throw error;
    }
    watching.changed();
  }
  for (const work of between.splice(0)) work();
}

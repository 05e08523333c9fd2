import { condition, isCancellation, patched, workflowInfo } from '@temporalio/workflow';
import { sharedActivities, engine } from '../activity-proxies.ts';
import type { OpenRecovery } from '../../domain/monitor.ts';
import { applyTo, closeHostRecovery, targetHealth, type MonitorRecord } from '../monitor-state.ts';
import { hostFailure, targetFailure } from './monitor-failure.ts';
import { recordError } from './record-error.ts';

/** Looks whether a recovery has ended come at first so soon, and so soon after a change of the target; then each time after twice as long. Milliseconds. */
const FIRST_LOOK_MS = 1000;
const LAST_LOOK_MS = 60_000;
const TOLD_WITHIN_MS = 15_000;
/** After a start for a host that failed. */
const TRY_AGAIN_MS = 60_000;

/** Starts the recovery of an ill target, or joins the one that is open. What fails is shown, and tried again later. */
export async function recoverTarget(record: MonitorRecord, target: string): Promise<void> {
  const known = record.targets[target];
  if (!known) return;
  const at = Date.now();
  const key = `monitor/${record.monitor.name}/${target}/${known.since}/${at}`;
  try {
    const failure = targetFailure(record, target, at);
    const { recoveryId, recoveryRunId, joined = false } = await engine().startRecovery({ failure, key });
    const open = { recoveryId, recoveryRunId, joined, since: new Date(Date.now()).toISOString() };
    applyTo(record, target, { type: 'started', at: Date.now(), open });
  } catch (error) {
    if (isCancellation(error)) throw error;
    const problem = `no recovery was started: ${recordError(error).message}`;
    applyTo(record, target, { type: 'notStarted', at: Date.now(), problem });
  }
}

interface Following {
  /** What is followed; undefined when it is forgotten. */
  recovery: () => Pick<OpenRecovery, 'recoveryId' | 'recoveryRunId'> | undefined;
  /** Of what is recovered: after a change the look comes sooner. */
  state: () => string | undefined;
  isOver: () => boolean;
  onProblem: (problem: string) => void;
}

/** Waits for the end of an open recovery. False: it is forgotten, or the workflow leaves. */
async function awaitEnd({ recovery, state, isOver, onProblem }: Following): Promise<boolean> {
  for (let waitMs = FIRST_LOOK_MS; ;) {
    const followed = recovery();
    if (!followed) return false;
    const { recoveryId, recoveryRunId } = followed;
    const before = state();
    const moved = (): boolean => isOver() || state() !== before;
    const hasMoved = await condition(moved, waitMs, { summary: `until the next look at ${recoveryId}` });
    if (isOver()) return false;
    waitMs = hasMoved ? FIRST_LOOK_MS : Math.min(2 * waitMs, LAST_LOOK_MS);
    try {
      const { open } = await engine().lookAtRecovery({ recoveryId, recoveryRunId });
      if (!open) return true;
    } catch (error) {
      if (isCancellation(error)) throw error;
      onProblem(`${recoveryId} cannot be looked at: ${recordError(error).message}`);
    }
  }
}

/** A look that was asked for is told within this and the longest timeout. Milliseconds. */
const freshLookMs = ({ checks }: MonitorRecord['monitor'], target: string): number =>
  Math.max(...checks.filter((check) => check.target === target).map(({ timeoutSeconds }) => timeoutSeconds * 1000), 0) +
  TOLD_WITHIN_MS;

/**
 * Waits for the end of the open recovery; sooner where the target changes, which may be because of it. One that is ill as far as
 * is known is looked at anew before anything else is started for it.
 */
export async function followRecovery(
  record: MonitorRecord,
  target: string,
  { isOver, lookNow }: { isOver: () => boolean; lookNow: () => void },
): Promise<void> {
  const hasEnded = await awaitEnd({
    recovery: () => record.targets[target]?.open,
    state: () => record.targets[target]?.state,
    isOver,
    onProblem: (problem) => {
      const known = record.targets[target];
      if (known) known.problem = problem;
    },
  });
  if (!hasEnded) return;
  const isStale = record.targets[target]?.state === 'unhealthy' && patched('fresh-look-after-recovery');
  if (isStale) lookNow();
  const freshAfterMs = isStale ? freshLookMs(record.monitor, target) : 0;
  applyTo(record, target, { type: 'ended', at: Date.now(), freshAfterMs });
}

/** The limit of starts is reached: calls people, once. */
export async function callForTarget(record: MonitorRecord, target: string): Promise<void> {
  const { workflowId, runId } = workflowInfo();
  const { name, startLimit, escalateTo } = record.monitor;
  const since = record.targets[target]?.escalated?.since;
  try {
    await sharedActivities({ timeout: '30s', within: '5m', summary: `calls people for ${target}` }).callPeople({
      key: `${workflowId}/${target}/${since ?? 0}`,
      to: escalateTo,
      workflowId,
      runId,
      target,
      message: `monitor ${name} has started ${startLimit.burst} recoveries within ${startLimit.interval}, and it is ill again`,
      health: targetHealth(record, target),
    });
    applyTo(record, target, { type: 'told', at: Date.now() });
  } catch (error) {
    if (isCancellation(error)) throw error;
    const problem = `nobody was called: ${recordError(error).message}`;
    applyTo(record, target, { type: 'notTold', at: Date.now(), problem });
  }
}

/** Reports a host that takes no work, once for each time that it is lost. */
export async function recoverHost(record: MonitorRecord): Promise<void> {
  const { host, monitor } = record;
  const key = `monitor/${monitor.name}/host/${host.since}`;
  try {
    const failure = hostFailure(record, Date.now());
    const { recoveryId, recoveryRunId, joined = false } = await engine().startRecovery({ failure, key });
    if (record.host.since === host.since)
      record.host = {
        ...record.host,
        open: { recoveryId, recoveryRunId, joined, since: new Date(Date.now()).toISOString() },
      };
  } catch (error) {
    if (isCancellation(error)) throw error;
    record.host = { ...record.host, problem: `the host was not reported: ${recordError(error).message}` };
    await condition(() => record.host.state !== 'lost', TRY_AGAIN_MS, { summary: 'until the host is reported again' });
  }
}

/** Waits for the end of the recovery of a lost host, as long as it is lost. */
export async function followHostRecovery(record: MonitorRecord, isOver: () => boolean): Promise<void> {
  const hasEnded = await awaitEnd({
    recovery: () => record.host.open,
    state: () => record.host.state,
    isOver,
    onProblem: (problem) => void (record.host = { ...record.host, problem }),
  });
  if (hasEnded) closeHostRecovery(record, Date.now());
}

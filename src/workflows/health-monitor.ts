import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Monitor, MonitorHealth } from '../domain/monitor.ts';
import { nextChangeAt, nextStep } from '../resilience/target-health.ts';
import * as messages from './messages.ts';
import {
  applyTo,
  configure,
  healthOf,
  judgeTargets,
  newRecord,
  noteChange,
  overallOf,
  rulesOf,
  type MonitorRecord,
} from './monitor-state.ts';
import { carry } from './carry-monitor.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';
import {
  checkCheckNow,
  checkConfigure,
  checkMaintenance,
  checkSigned,
  checkTarget,
} from './steps/check-monitor-message.ts';
import { describeMonitor } from './steps/describe-monitor.ts';
import { memoOf } from './steps/monitor-memo.ts';
import {
  callForTarget,
  followHostRecovery,
  followRecovery,
  recoverHost,
  recoverTarget,
} from './steps/recover-target.ts';
import { keepWatching, type Watching } from './steps/watch-monitor.ts';

export interface HealthMonitorInput {
  monitor: Monitor;
  /** Carried over continue-as-new. */
  record?: Omit<MonitorRecord, 'monitor'>;
  /** Watches after which the history is begun anew, besides when Temporal suggests it. */
  continueAfter?: number;
  /** Of one watch. Milliseconds. */
  watchMs?: number;
}

const LONGEST_CHECK_NOW = '2m';

/**
 * Watches the checks of one definition on their host, and starts a recovery for each target that is ill (requirement 6.4). It
 * lives until somebody stops it; what it knows is carried over from history to history.
 */
export async function healthMonitor(input: HealthMonitorInput): Promise<MonitorHealth> {
  const { continueAfter, watchMs } = input;
  const record = input.record ? { ...input.record, monitor: input.monitor } : newRecord(input.monitor, Date.now());
  let version = 0;
  let stopped = false;
  let published = '';
  let broken: { error: unknown } | undefined;
  const changed = (): void => void (version += 1);
  const watching: Watching = {
    record,
    ...(watchMs === undefined ? {} : { watchMs }),
    now: { names: [], asked: 0, answered: 0 },
    watches: 0,
    between: [],
    leaving: false,
    interrupt: () => undefined,
    changed,
  };
  const targets = (): string[] => Object.keys(record.targets);
  const health = (): MonitorHealth => healthOf(record);
  /** Done when nothing is counted at the same time; the watch is ended for it. */
  const between = async (work: () => void): Promise<void> => {
    let done = false;
    watching.between.push(() => {
      work();
      done = true;
      changed();
    });
    watching.interrupt();
    await condition(() => done);
  };

  /** The number of the look. */
  const lookNow = (target: string | undefined): number => {
    const { now } = watching;
    const checks = record.monitor.checks.filter((check) => target === undefined || check.target === target);
    now.names = [...new Set([...now.names, ...checks.map(({ name }) => name)])];
    now.asked += 1;
    watching.interrupt();
    return now.asked;
  };

  setHandler(messages.monitorHealthQuery, health, { description: 'Targets and checks: state, readings, recoveries' });
  setHandler(
    messages.configureMonitorUpdate,
    async ({ monitor, by, reason }) => {
      const apply = (): void => {
        if (!configure(record, monitor, Date.now())) return;
        noteChange(record, { what: 'configured', by, reason }, Date.now());
        judgeTargets(record, Date.now());
      };
      // The same definition again, as after the start of a worker, disturbs nothing.
      if (JSON.stringify(monitor) !== JSON.stringify(record.monitor)) await between(apply);
      return health();
    },
    { validator: checkConfigure, description: 'Take a new definition; counts of checks that stay are kept' },
  );
  setHandler(
    messages.maintenanceUpdate,
    ({ mode, until, target, by, reason }) => {
      const at = Date.now();
      for (const one of target === undefined ? targets() : [target]) {
        if (mode === 'off') applyTo(record, one, { type: 'endMaintenance', at });
        else applyTo(record, one, { type: 'maintain', at, until: Date.parse(until ?? ''), by, reason });
      }
      const about = `maintenance ${mode}${until === undefined ? '' : ` until ${until}`} for ${target ?? 'all targets'}`;
      noteChange(record, { what: about, by, reason }, at);
      changed();
      return health();
    },
    {
      validator: (given) => checkMaintenance(given, targets(), Date.now()),
      description: 'Start nothing meanwhile: {"mode": "on", "until": "…", "by": "…", "reason": "…"}',
    },
  );
  setHandler(
    messages.resetTargetUpdate,
    ({ target, by, reason }) => {
      applyTo(record, target, { type: 'reset', at: Date.now() });
      noteChange(record, { what: `reset ${target}`, by, reason }, Date.now());
      changed();
      return health();
    },
    {
      validator: (given) => checkTarget(given, targets()),
      description: 'Forget starts and escalation of a target: {"target": "…", "by": "…", "reason": "…"}',
    },
  );
  setHandler(
    messages.checkNowUpdate,
    async ({ target, by, reason }) => {
      const mine = lookNow(target);
      noteChange(record, { what: `looked at ${target ?? 'all targets'} at once`, by, reason }, Date.now());
      if (await condition(() => watching.now.answered >= mine, LONGEST_CHECK_NOW)) return health();
      throw ApplicationFailure.nonRetryable(`host ${record.monitor.host} has not looked within 2 minutes`, 'timed-out');
    },
    {
      validator: (given) => checkCheckNow(given, targets()),
      description: 'Look at once: {"target": "…", "by": "…", "reason": "…"}',
    },
  );
  setHandler(
    messages.stopMonitorUpdate,
    ({ by, reason }) => {
      noteChange(record, { what: 'stopped', by, reason }, Date.now());
      stopped = true;
      changed();
      return health();
    },
    { validator: (given) => void checkSigned(given), description: 'End the monitor: {"by": "…", "reason": "…"}' },
  );

  const publish = (): void => {
    const state = overallOf(record);
    if (state !== record.overall.state) record.overall = { state, since: Date.now() };
    const memo = memoOf(record);
    const key = JSON.stringify([state, memo]);
    if (key === published) return;
    published = key;
    upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.status, value: state }]);
    upsertMemo(memo);
    setCurrentDetails(describeMonitor(healthOf(record)));
  };

  const tasks = new Set<Promise<void>>();
  const busy = new Set<string>();
  const spawn = (what: string, work: () => Promise<void>): void => {
    if (busy.has(what)) return;
    busy.add(what);
    const task = work()
      .catch((error: unknown) => {
        broken ??= { error };
      })
      .finally(() => {
        busy.delete(what);
        tasks.delete(task);
        changed();
      });
    tasks.add(task);
  };
  const isLong = (): boolean =>
    workflowInfo().continueAsNewSuggested || (continueAfter !== undefined && watching.watches > continueAfter);
  const isLeaving = (): boolean => stopped || broken !== undefined || (isLong() && allHandlersFinished());

  publish();
  spawn('watch', () => keepWatching(watching));
  while (!isLeaving()) {
    const at = Date.now();
    const rules = rulesOf(record.monitor);
    let due = Infinity;
    for (const target of targets()) {
      applyTo(record, target, { type: 'tick', at });
      const known = record.targets[target];
      if (!known) continue;
      const step = nextStep(known);
      if (step === 'start') spawn(target, () => recoverTarget(record, target));
      if (step === 'tell') spawn(target, () => callForTarget(record, target));
      if (known.open)
        spawn(`${target} open`, () =>
          followRecovery(record, target, { isOver: () => watching.leaving, lookNow: () => void lookNow(target) }),
        );
      due = Math.min(due, nextChangeAt(known, rules) ?? Infinity);
    }
    const { host } = record;
    if (host.state === 'lost' && !host.open && !host.last) spawn('host', () => recoverHost(record));
    if (host.open && patched('follow-host-recovery'))
      spawn('host open', () => followHostRecovery(record, () => watching.leaving));
    publish();
    const seen = version;
    const moved = (): boolean => version !== seen || isLeaving();
    if (due === Infinity) await condition(moved);
    else await condition(moved, Math.max(1, due - Date.now()), { summary: 'until time changes something' });
  }
  watching.leaving = true;
  watching.interrupt();
  while (tasks.size > 0) await Promise.all(tasks);
  if (broken) throw asFailure(broken.error);
  publish();
  if (stopped) return health();
  await condition(allHandlersFinished);
  return continueAsNew<typeof healthMonitor>({ ...input, ...carry(record) });
}

/** A mistake of our own ends the monitor with its name instead of trying the same task for ever; a cancellation stays one. */
function asFailure(error: unknown): unknown {
  return isCancellation(error) || error instanceof ApplicationFailure
    ? error
    : ApplicationFailure.nonRetryable(String(error), 'unexpected');
}

import { ActivityCancellationType, CancellationScope, isCancellation, patched, sleep } from '@temporalio/workflow';
import { findDifferences, findLosses, type DrillFault, type DrillSpec, type SandboxItem } from '../../domain/drill.ts';
import { toMs, type Duration } from '../../domain/duration.ts';
import { newId } from '../../domain/ids.ts';
import type { Probe, ProbeReading } from '../../domain/probe.ts';
import { engine, hostActivities, sharedActivities } from '../activity-proxies.ts';
import { isoNow } from '../recovery-state.ts';
import { cancelRecovery } from './await-recovery.ts';
import {
  captureSessions,
  componentNames,
  inSandbox,
  namesOfFailed,
  placeComponents,
  placed,
  startComponents,
  type DrillState,
} from './drill-parts.ts';
import { recordError } from './record-error.ts';
import { recoverDrilled } from './recover-drilled.ts';
import { allPass, awaitProbes, readProbes } from './verify.ts';

/** Beside the faults of the definition, which are counted from 0. */
const LOAD = 1000;
const EVERY_MS = 200;
const STOP_WITHIN = '2m';
/** A cancelled drill waits no longer for a worker that has died at work. */
const HEARTBEAT = '4s';
/** What is not on the host yet may have to be built first. */
const BUILD_WITHIN = '10m';

/** Histories from before there was more than processes name no other lists. */
const needsStart = ({ processes, services, proxies, sessions }: DrillSpec['sandbox']): boolean =>
  [processes, services, proxies, sessions].some((list) => (list?.length ?? 0) > 0);

/** Each step fills in what it has seen. Throws only what the drill itself could not do. */
export async function runDrill(state: DrillState): Promise<void> {
  const { spec, facts, host, id } = state;
  if (patched('drill-waits-for-cancelled'))
    state.cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
  const onHost = (summary: string) => hostActivities(host, { timeout: '2m', summary });
  const listed = whatIsThere(state);
  const undoable = { ...listed, undoable: true };
  const inIt = (summary: string, timeout: Duration = '2m') =>
    hostActivities(host, { timeout, summary, heartbeat: HEARTBEAT, cancellationType: state.cancellationType });
  const { path: sandbox, inputs: more } = await inIt('make the sandbox').prepareSandbox({
    id,
    sandbox: spec.sandbox,
  });
  const inputs = { ...more, sandbox, host, subject: facts.workflowId, components: componentNames(spec) };
  const components = placeComponents(spec, inputs);
  Object.assign(state, { inputs, components });
  for (const [index, argv] of (spec.sandbox.prepare ?? []).entries())
    await inSandbox(state, sandbox, { argv, key: `prepare-${index}`, summary: 'prepare the sandbox' });
  if (needsStart(spec.sandbox)) {
    const { startSandboxProcesses } = inIt('start its processes', BUILD_WITHIN);
    await startSandboxProcesses({ id, sandbox: spec.sandbox });
  }
  await startComponents(host, components);
  if (spec.load) {
    const fault: DrillFault = { type: 'cpuExhaustion', ...spec.load, limit: spec.deadline, nice: 0 };
    await inIt('load the host').injectFault({ id, index: LOAD, fault });
  }
  const steadyState = placed(spec.steadyState, inputs);
  facts.before = await awaitProbes(steadyState, toMs(spec.settle), EVERY_MS);
  if (!allPass(facts.before)) {
    state.invalid = `the steady state does not hold before the fault: ${namesOfFailed(facts.before)}`;
    return;
  }
  const items = await onHost('read what is there').listSandbox(listed);
  facts.items.count = items.length;
  const captured = spec.checkpoint ? await capture(state, sandbox) : undefined;
  if (spec.checkpoint) await captureSessions(host, components);
  const faults = chooseFaults(state);
  const fromTheFirst = faults.length > 1 && patched('clock-from-first-fault');
  for (const [index, fault] of faults) {
    const { at } = await inIt(`inject ${fault.type}`).injectFault({ id, index, fault });
    if (facts.times.t0 === undefined || !fromTheFirst) facts.times.t0 = at;
  }
  facts.broken = await awaitFault(steadyState, toMs(spec.settle));
  if (allPass(facts.broken)) {
    state.invalid = 'the fault has no effect: the steady state holds in spite of it';
    return;
  }
  const broken = spec.expect.undone ? await onHost('read what the fault has left').listSandbox(undoable) : undefined;
  await whileFaultsEnd(state, () => recoverDrilled(state, inputs, captured));
  await proveHealth(state, steadyState, { items, broken, listed });
}

/** With their places in the definition, in that order. */
function chooseFaults({ facts, spec: { faults, pick } }: DrillState): [number, DrillFault][] {
  const left = [...faults.entries()];
  if (pick === undefined) return left;
  // Math.random of a workflow gives the same in a replay.
  while (left.length > pick) left.splice(Math.floor(Math.random() * left.length), 1);
  facts.picked = left.map(([index]) => index);
  return left;
}

/** Takes back those faults that end by themselves, each after its time, while the recovery is at work. */
async function whileFaultsEnd(state: DrillState, recover: () => Promise<void>): Promise<void> {
  const { spec, host, id, cancellationType } = state;
  const ending = new CancellationScope();
  const ended = ending.run(() =>
    Promise.all(
      spec.faults.map(async (fault, index) => {
        if (fault.for === undefined) return;
        await sleep(toMs(fault.for), { summary: `until ${fault.type} ends` });
        const options = { timeout: '2m', summary: `take back ${fault.type}`, cancellationType } as const;
        await hostActivities(host, options).takeBackFault({ id, index });
      }),
    ),
  );
  // Looked at below; until then nobody waits for it.
  ended.catch(() => undefined);
  let failed = true;
  try {
    await recover();
    failed = false;
  } finally {
    if (!failed || cancellationType !== undefined) await endNow(ending, ended);
  }
}

async function endNow(ending: CancellationScope, ended: Promise<unknown>): Promise<void> {
  ending.cancel();
  try {
    await ended;
  } catch (error) {
    if (!isCancellation(error)) throw error;
  }
}

/** Reads until something fails. */
async function awaitFault(probes: readonly Probe[], withinMs: number): Promise<ProbeReading[]> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const readings = await readProbes(probes);
    if (!allPass(readings) || Date.now() >= deadline) return readings;
    await sleep(EVERY_MS, { summary: 'until the fault shows' });
  }
}

async function capture({ host, facts }: DrillState, sandbox: string): Promise<string> {
  const { captureCheckpoint } = hostActivities(host, { timeout: '2m', summary: 'checkpoint before the fault' });
  const record = await captureCheckpoint({
    info: {
      id: newId('cp'),
      name: 'before the fault',
      type: 'manual',
      subject: facts.workflowId,
      description: '',
      tags: ['drill'],
      success: true,
      workflowId: facts.workflowId,
    },
    root: sandbox,
  });
  await engine().recordCheckpoint({ record });
  return record.createdAt;
}

/** Files, a repository, and what Redis services hold. */
function whatIsThere({ id, spec }: DrillState): { id: string; caches?: string[] } {
  const caches = (spec.sandbox.services ?? []).filter(({ kind }) => kind === 'redis').map(({ name }) => name);
  return caches.length > 0 ? { id, caches } : { id };
}

interface Before {
  listed: ReturnType<typeof whatIsThere>;
  items: readonly SandboxItem[];
  /** With the fault. */
  broken: readonly SandboxItem[] | undefined;
}

async function proveHealth(state: DrillState, probes: readonly Probe[], before: Before): Promise<void> {
  const { facts, spec, host } = state;
  const rtoLeft = toMs(spec.objectives.rto) - (Date.now() - Date.parse(facts.times.t0 ?? ''));
  // What did not end as it should is not waited for: nobody is at work on it any more.
  const mayBeWell = spec.expect.healthy && facts.recovery?.status === spec.expect.status;
  facts.after = await awaitProbes(probes, mayBeWell ? Math.max(rtoLeft, 1000) : 0, EVERY_MS);
  facts.healthy = allPass(facts.after);
  if (facts.healthy) {
    facts.times.t4 = isoNow();
    facts.held = await holds(state, probes, toMs(spec.hold));
  }
  if (facts.healthy && facts.held) {
    facts.times.t5 = isoNow();
    facts.durations.ttrMs = Date.now() - Date.parse(facts.times.t0 ?? '');
  }
  const { listSandbox } = hostActivities(host, { timeout: '2m', summary: 'read what is there now' });
  const listed = before.broken ? { ...before.listed, undoable: true } : before.listed;
  const after = await listSandbox(listed);
  facts.items.lost = findLosses(before.items, after);
  if (!before.broken) return;
  const compensated = facts.recovery?.actions.filter(({ status }) => status === 'compensated') ?? [];
  const [action, problem] = await undoRollback(state);
  const found = findDifferences(before.broken, action === undefined ? after : await listSandbox(listed));
  facts.undone = {
    differences: [...(problem ?? []), ...found, ...stillLimited(state)],
    actions: [...compensated.map(({ id }) => id), ...(action ?? [])],
  };
}

/** Puts back what was there before the recovery went back, as `rerail undo` does; names the action, or says why not. */
async function undoRollback({ host, backup }: DrillState): Promise<[action?: string[], problem?: string[]]> {
  if (!backup) return [];
  const { action, checkpointId } = backup;
  const { restoreCheckpoint } = hostActivities(host, { timeout: '2m', summary: `undo ${action}` });
  try {
    await restoreCheckpoint({ checkpointId, backup: null });
    return [[action]];
  } catch (error) {
    if (isCancellation(error)) throw error;
    return [[], [`${action}: ${recordError(error).message}`]];
  }
}

/** Services that take all that they can again are told so. */
function stillLimited({ told = [], components = {} }: DrillState): string[] {
  return told.flatMap(({ service, ratePerSecond }) => {
    const full = components[service]?.service?.api?.rate?.perSecond;
    const limited = typeof ratePerSecond === 'number' && full !== undefined && ratePerSecond < full;
    return limited ? [`${service} takes ${ratePerSecond} requests/s`] : [];
  });
}

async function holds({ facts }: DrillState, probes: readonly Probe[], holdMs: number): Promise<boolean> {
  const until = Date.now() + holdMs;
  while (allPass(facts.after)) {
    const left = until - Date.now();
    if (left <= 0) return true;
    await sleep(Math.min(left, 1000), { summary: 'hold window' });
    facts.after = await readProbes(probes);
  }
  return false;
}

/** A drill that ends early takes its recovery with it, and waits until that has undone what it had begun. */
export async function stopRecovery({ recovery, facts }: DrillState): Promise<void> {
  if (!recovery || recovery.joined) return;
  await cancelRecovery(recovery.recoveryId, recovery.recoveryRunId);
  try {
    const watch = sharedActivities({
      timeout: STOP_WITHIN,
      within: STOP_WITHIN,
      summary: 'wait until it has stopped',
      heartbeat: '10s',
    });
    const ended = await watch.watchDrilledRecovery({ ...recovery, answers: { approve: false }, by: facts.workflowId });
    if (ended !== 'asks-by-hand') facts.recovery = ended.recovery;
  } catch {
    facts.left.push(`${recovery.recoveryId} was cancelled and has not ended`);
  }
}

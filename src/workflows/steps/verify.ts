import { sleep } from '@temporalio/workflow';
import { toMs } from '../../domain/duration.ts';
import { isHostBound, probeKind, type Probe, type ProbeReading } from '../../domain/probe.ts';
import { hostActivities, sharedActivities } from '../activity-proxies.ts';
import { isoNow, note, setStatus, type RecoveryState } from '../recovery-state.ts';
import { recordError } from './record-error.ts';

/** Time of one look where a probe has no limit of its own. */
const PROBE_TIMEOUT = '5s';
const GRACE_MS = 10_000;

async function look(probe: Probe): Promise<ProbeReading> {
  const summary = `Probe ${probe.name}`;
  const timeout = toMs(probe.timeout ?? PROBE_TIMEOUT) + GRACE_MS;
  const onHost = isHostBound(probe) && probe.host !== undefined;
  try {
    const input = { ...probe, timeout: probe.timeout ?? PROBE_TIMEOUT };
    if (onHost) return await hostActivities(probe.host ?? '', { timeout, summary }).runProbe(input);
    return await sharedActivities({ timeout: `${timeout}ms`, summary }).runProbe(input);
  } catch (error) {
    const { message } = recordError(error);
    return { name: probe.name, kind: probeKind(probe), passed: false, observed: message, durationMs: 0, at: isoNow() };
  }
}

/** One reading of every probe, all at the same time. */
export function readProbes(probes: readonly Probe[]): Promise<ProbeReading[]> {
  return Promise.all(probes.map(look));
}

export const allPass = (readings: readonly ProbeReading[]): boolean => readings.every(({ passed }) => passed);

/** Reads until all pass or the time is over; returns the last readings. */
export async function awaitProbes(
  probes: readonly Probe[],
  withinMs: number,
  everyMs: number,
): Promise<ProbeReading[]> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const readings = await readProbes(probes);
    if (allPass(readings) || Date.now() >= deadline) return readings;
    await sleep(everyMs, { summary: 'until the probes pass' });
  }
}

/**
 * Proves that it works again: every probe passes within the time and keeps passing through the hold window
 * (design 3.5). Without probes only an operation that worked again counts as proof, and the report says so.
 */
export async function verify(state: RecoveryState, options: { withinMs?: number } = {}): Promise<boolean> {
  const spec = state.plan?.verify;
  const probes = spec?.probes ?? [];
  if (!spec || probes.length === 0) {
    const proven = state.resolution === 'retry' || state.resolution === 'resume';
    state.verifiedBy = proven ? 'operation' : 'none';
    if (proven) state.times = { ...state.times, t4: isoNow(), t5: isoNow() };
    return true;
  }
  const before = state.status;
  setStatus(state, 'verifying');
  try {
    const { withinMs = toMs(spec.within) } = options;
    return await readThroughHold(state, probes, withinMs, toMs(spec.holdFor), toMs(spec.every));
  } finally {
    setStatus(state, before);
  }
}

async function readThroughHold(
  state: RecoveryState,
  probes: readonly Probe[],
  withinMs: number,
  holdMs: number,
  everyMs: number,
): Promise<boolean> {
  state.probesAfter = await awaitProbes(probes, withinMs, everyMs);
  let passing = allPass(state.probesAfter);
  const goodSince = Date.now();
  if (passing) state.times.t4 ??= isoNow();
  while (passing && Date.now() - goodSince < holdMs) {
    await sleep(Math.max(1, Math.min(everyMs, holdMs - (Date.now() - goodSince))), { summary: 'hold window' });
    state.probesAfter = await readProbes(probes);
    passing = allPass(state.probesAfter);
  }
  for (const { name, passed, observed } of state.probesAfter) {
    note(state, 'probe', `${name} ${passed ? 'passes' : 'fails'}: ${observed}`);
  }
  state.verifiedBy = passing ? 'probes' : 'none';
  state.heldForMs = passing ? Date.now() - goodSince : 0;
  if (passing) state.times.t5 = isoNow();
  else delete state.times.t4;
  return passing;
}

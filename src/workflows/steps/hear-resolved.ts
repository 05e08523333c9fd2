import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { isMadeOf, type ResolvedAlert } from '../../domain/alert.ts';
import type { Failure } from '../../domain/failure.ts';
import type { ClosedRecoveryStatus } from '../../domain/recovery.ts';
import type { ResolvedReceipt } from '../messages.ts';
import { isoNow, note, type RecoveryState } from '../recovery-state.ts';
import { allPass, readProbes } from './verify.ts';

/** Lets `endNow` end what runs; whoever waits for a person in it stops to wait. */
export async function unlessEnded(
  state: RecoveryState,
  run: () => Promise<ClosedRecoveryStatus>,
): Promise<ClosedRecoveryStatus> {
  const scope = new CancellationScope();
  let ended: ClosedRecoveryStatus | undefined;
  state.endNow = (status) => {
    ended = status;
    scope.cancel();
  };
  try {
    return await scope.run(run);
  } catch (error) {
    const stopped = ended !== undefined && isCancellation(error) && !CancellationScope.current().consideredCancelled;
    if (!stopped || ended === undefined) throw error;
    return ended;
  } finally {
    delete state.endNow;
  }
}

const failuresOf = ({ input, joined }: RecoveryState): Failure[] => [input.failure, ...joined];

/** Anything done by the plan or by a person at its request; only then the recovery may claim that it has helped. */
const hasBegun = ({ actions, strategies }: RecoveryState): boolean =>
  strategies.length > 0 || actions.some(({ startedAt }) => startedAt !== undefined);

/** It was asked for by this alert alone, and is not approved yet. */
const isUnasked = (state: RecoveryState, alert: ResolvedAlert): boolean =>
  state.waitingFor?.key === 'approval' &&
  !hasBegun(state) &&
  state.joined.length === 0 &&
  isMadeOf(state.input.failure, alert);

/** Why the end of this alert, and probes that pass, do not end the recovery. Undefined: they do. */
function reasonToGoOn(state: RecoveryState): string | undefined {
  for (const failure of failuresOf(state)) {
    const { source, operation, run, labels } = failure;
    if (operation || run) return 'what has failed is still to be done again';
    if (source.kind === 'monitor') continue;
    if (source.kind !== 'alert') return `${source.name ?? 'somebody'} has reported it as well`;
    if (!state.resolvedAlerts.some((one) => isMadeOf(failure, one)))
      return `the alert ${labels['alertRule'] ?? ''} (${labels['alertFingerprint'] ?? ''}) is not over`;
  }
  return undefined;
}

const PERSONS: readonly string[] = ['approval', 'manual', 'decision', 'resume'];

/** The wait that an answer may end; not that for an undo, which has to be settled either way. */
const waitOf = ({ waitingFor, undoing }: RecoveryState) =>
  waitingFor !== undefined && PERSONS.includes(waitingFor.kind) && !undoing ? waitingFor : undefined;

/**
 * An alert that is quiet proves nothing by itself. While a person is waited for, the probes of the plan are read once: if they
 * pass, and nobody else says that it is broken, the recovery ends as it stands. At all other times it is only noted.
 */
export async function hearResolved(state: RecoveryState, alert: ResolvedAlert): Promise<ResolvedReceipt> {
  state.resolvedAlerts.push(alert);
  const say = (message: string): void => note(state, 'alert', message);
  const answer = (outcome: ResolvedReceipt['outcome'], why: string): ResolvedReceipt => {
    say(why);
    return { status: state.status, outcome, note: why };
  };
  const end = (status: 'cancelled' | 'recovered', why: string): ResolvedReceipt => {
    state.endedBecause = why;
    state.endNow?.(status);
    return answer(status, why);
  };
  say(`resolved: ${alert.title}`);
  const wait = waitOf(state);
  if (!wait || !state.endNow) return answer('noted', `noted: the recovery is ${state.status}`);
  if (isUnasked(state, alert)) return end('cancelled', 'the alert is resolved, and nothing had been done');

  const probes = state.plan?.verify.probes ?? [];
  if (probes.length === 0) return answer('noted', 'noted: the plan has no probes that could show that it works');
  const readings = await readProbes(probes);
  if (state.waitingFor !== wait) return answer('noted', 'noted: a person has answered meanwhile');
  state.probesAfter = readings;
  for (const { name, passed, observed } of readings)
    note(state, 'probe', `${name} ${passed ? 'passes' : 'fails'}: ${observed}`);
  const failing = readings.filter(({ passed }) => !passed);
  if (!allPass(readings))
    return answer('noted', `noted: ${failing.map(({ name, observed }) => `${name} fails: ${observed}`).join('; ')}`);
  const goesOn = reasonToGoOn(state);
  if (goesOn !== undefined) return answer('noted', `noted: the probes pass, but ${goesOn}`);
  if (!hasBegun(state)) return end('cancelled', 'the alert is resolved and the probes pass, and nothing had been done');
  state.verifiedBy = 'probes';
  state.resolution = 'probes';
  state.times = { ...state.times, t4: state.times.t4 ?? isoNow(), t5: isoNow() };
  delete state.error;
  return end('recovered', 'the alert is resolved and the probes pass');
}

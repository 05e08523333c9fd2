import { ActivityFailure, CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Failure } from '../../domain/failure.ts';
import { readError } from '../../domain/failure-from-error.ts';
import { resolveLate } from '../../domain/late-values.ts';
import type { CommandOperation } from '../../domain/operation.ts';
import { hostActivities, sharedActivities } from '../activity-proxies.ts';
import { isoNow } from '../recovery-state.ts';
import { inSandbox, namesOfFailed, placed, type DrillInputs, type DrillState } from './drill-parts.ts';

/** Runs what is to work, and reads off its failure what a caller would see. */
async function observe(state: DrillState, operation: CommandOperation): Promise<Partial<Failure>> {
  const { host, id } = state;
  try {
    await hostActivities(host, { timeout: '2m', summary: 'see how it fails' }).runCommand({
      operation,
      key: `${id}/seen`,
    });
    return {};
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
    // The worker has masked what it answered with.
    return readError(cause, { redact: (text) => text, now: Date.now() });
  }
}

async function failureOf(state: DrillState, inputs: DrillInputs): Promise<Failure> {
  const { facts, name, host, spec } = state;
  const { sandbox } = inputs;
  const given = resolveLate(spec.failure, inputs);
  const own = <Part extends { component?: string | undefined }>(part: Part): Part =>
    part.component === undefined ? part : { ...part, component: inputs.components?.[part.component] ?? part.component };
  const operation =
    given.operation?.kind === 'command'
      ? { ...given.operation, workspace: given.operation.workspace ?? sandbox, host: given.operation.host ?? host }
      : given.operation;
  const seen = operation?.kind === 'command' ? await observe(state, operation) : {};
  return {
    message: namesOfFailed(facts.broken) || 'the steady state is gone',
    causes: [],
    ...seen,
    ...own(given),
    ...(given.related ? { related: given.related.map(own) } : {}),
    target: facts.workflowId,
    ...(spec.checkpoint ? { subject: facts.workflowId } : {}),
    lane: given.lane ?? 'standard',
    labels: { ...given.labels, drill: name },
    probes: [...(given.probes ?? []), ...placed(spec.steadyState, inputs)],
    source: { kind: 'drill', name },
    occurredAt: facts.times.t0 ?? isoNow(),
    detectedAt: isoNow(),
    host,
    ...(operation ? { operation } : {}),
  };
}

/** Those that are expected to be degraded, in that order; where all has to be undone, the others as well. */
function servicesToAsk({ spec, components = {} }: DrillState, inputs: DrillInputs): string[] {
  const degraded = spec.expect.degraded?.map((component) => inputs.components?.[component] ?? component) ?? [];
  const all = spec.expect.undone ? Object.keys(components).filter((name) => components[name]?.service) : [];
  return [...new Set([...degraded, ...all])];
}

/** Reports the failure, waits for its recovery, and answers where a person would. */
export async function recoverDrilled(
  state: DrillState,
  inputs: DrillInputs,
  capturedAt: string | undefined,
): Promise<void> {
  const { facts, spec, id, name } = state;
  const failure = await failureOf(state, inputs);
  facts.times.t1 = failure.detectedAt;
  const shared = (summary: string, timeout: '30s' | '24h') => sharedActivities({ timeout, summary, heartbeat: '10s' });
  // Whoever cancels in between must find what has been started.
  await CancellationScope.nonCancellable(async () => {
    const started = await shared('report the failure', '30s').startRecovery({
      failure,
      key: id,
      ...(spec.components ? { components: state.components ?? {} } : {}),
    });
    state.recovery = { ...started, joined: started.joined === true };
  });
  if (!state.recovery) return;
  const services = servicesToAsk(state, inputs);
  const watch = {
    ...{ ...state.recovery, answers: spec.answers, by: `drill/${name}` },
    ...(services.length > 0 ? { services } : {}),
  };
  const { watchDrilledRecovery } = shared('wait for its recovery', '24h');
  const { mend } = spec.answers;
  let ended = await watchDrilledRecovery(mend === undefined ? watch : { ...watch, untilByHand: true });
  if (ended === 'asks-by-hand' && mend !== undefined) {
    await inSandbox(state, inputs.sandbox, { argv: mend, key: 'mend', summary: 'do what a person is asked for' });
    ended = await watchDrilledRecovery(watch);
  }
  delete state.recovery;
  if (ended === 'asks-by-hand') return;
  facts.recovery = ended.recovery;
  facts.times = { ...facts.times, ...ended.times };
  state.backup = ended.backup;
  state.told = ended.degraded;
  if (ended.degraded && spec.expect.degraded)
    facts.degraded = spec.expect.degraded.flatMap((component, index) => {
      const told = ended.degraded?.[index];
      return told ? [{ component, during: told.during, afterwards: told.afterwards }] : [];
    });
  facts.durations.humanWaitMs = ended.recovery.humanWaitMs;
  const wentBackTo = ended.restored ? capturedAt : ended.sessionFrom;
  if (wentBackTo !== undefined)
    facts.durations.checkpointAgeMs = Date.parse(facts.times.t0 ?? '') - Date.parse(wentBackTo);
}

import { ActivityFailure, isCancellation, log, workflowInfo } from '@temporalio/workflow';
import type { Json } from '../../domain/canonical-json.ts';
import type { Failure } from '../../domain/failure.ts';
import { readError } from '../../domain/failure-from-error.ts';
import type { Operation } from '../../domain/operation.ts';
import type { RecoveryOutcome } from '../../domain/run.ts';
import { sharedActivities } from '../activity-proxies.ts';
import { awaitRecovery, cancelRecovery, FIRST_LOOK_MS } from './await-recovery.ts';
import { listenForRecoveries } from './listen-here.ts';
import { recordError } from './record-error.ts';
import { here } from './recovery-context.ts';

/** Fields of the failure that the author of a workflow knows better than rules can tell. */
export type FailureHints = Partial<
  Pick<Failure, 'type' | 'category' | 'severity' | 'lane' | 'code' | 'component' | 'labels' | 'probes' | 'host'>
>;

export interface FailedStep {
  /** In words, for the plan: `chargeCard`. */
  name: string;
  target: string;
  subject?: string | undefined;
  playbook?: string | undefined;
  classify?: FailureHints | undefined;
  /** What the recovery may do again by itself. Without it, it asks this workflow to run the step. */
  operation?: Operation | undefined;
  run: () => Promise<unknown>;
  /** May a plan leave it out without a person's approval? */
  optional: boolean;
  /** Queue of Rerail's workers. */
  taskQueue: string;
  /** Recorded with the start and given back with the end, so that a later change of the code does not change a replay. */
  keep?: Json;
}

/** How a recovery ended, for the step that waited for it. */
export type StepEnding =
  | { how: 'done'; value: unknown }
  | { how: 'skipped'; kept: Json | undefined }
  /** The cause is gone and nobody has done the step: it is to be done by the workflow. */
  | { how: 'again' }
  | { how: 'unrecovered' };

/** Beyond the first, so that a wait of a day costs a few hundred events and not tens of thousands. */
const LAST_LOOK_MS = 15 * 60_000;
/** A Rerail worker that nobody starts must not hold up the workflow for ever. */
const START_WITHIN = '10m';

const lookAfterMs = (looks: number): number => Math.min(FIRST_LOOK_MS * 2 ** looks, LAST_LOOK_MS);

/** The operation of a step that only this run can do. Its input is no person's to change. */
function retryHere(key: string): Operation {
  const { workflowId, runId } = workflowInfo();
  const input = { workflowId, runId, key };
  const properties = Object.fromEntries(Object.entries(input).map(([name, value]) => [name, { const: value }]));
  return {
    kind: 'activity',
    name: 'retryInWorkflow',
    input,
    inputSchema: { type: 'object', properties, required: Object.keys(input), additionalProperties: false },
  };
}

function failureOf(step: FailedStep, error: unknown, operation: Operation): Failure {
  const { workflowId, runId, workflowType } = workflowInfo();
  const { name, target, subject, classify, optional } = step;
  const fields = readError(error instanceof ActivityFailure ? (error.cause ?? error) : error, {
    // The client that takes the failure in masks secrets; Temporal has the error in this history already.
    redact: (text) => text,
    now: Date.now(),
  });
  const now = new Date().toISOString();
  const failed = { phase: workflowType, phaseIndex: 0, step: name, index: 0, optional, operation };
  return {
    ...fields,
    ...classify,
    target,
    ...(subject === undefined ? {} : { subject }),
    message: `${workflowType}/${name}: ${fields.message}`,
    lane: classify?.lane ?? 'standard',
    labels: { workflowId, runId, workflowType, step: name, ...classify?.labels },
    probes: classify?.probes ?? [],
    source: { kind: 'run', name: workflowId },
    occurredAt: now,
    detectedAt: now,
    operation,
    // Where it runs is filled in by the worker that starts the recovery.
    run: { workflowId, workspace: '', host: '', failed, steps: [failed] },
  };
}

function outputOf({ output }: RecoveryOutcome): unknown {
  return typeof output === 'object' && output !== null && !Array.isArray(output) ? output['output'] : undefined;
}

/** Opens a recovery for a step, or joins the one that is open for its target, and waits for its end. */
export async function askRecovery(step: FailedStep, error: unknown): Promise<StepEnding> {
  listenForRecoveries();
  const { workflowId, runId } = workflowInfo();
  // Without the run's id: after a reset, another run replays the updates that name this key.
  const stepKey = `${step.name}/${++here.asked}`;
  // With it: what is asked after a reset or a continue-as-new is another question.
  const key = `${workflowId}/${runId}/recover/${stepKey}`;
  here.steps.set(stepKey, { run: step.run });
  const { taskQueue } = step;
  const proxies = (summary: string) => sharedActivities({ timeout: '30s', summary, taskQueue, within: START_WITHIN });
  try {
    const { recoveryId, recoveryRunId, joined, kept } = await proxies(`recovery of ${step.name}`).startRecovery({
      failure: failureOf(step, error, step.operation ?? retryHere(stepKey)),
      key,
      ...(step.playbook ? { playbook: step.playbook } : {}),
      ...(step.keep === undefined ? {} : { keep: step.keep }),
    });
    const outcome = await waitFor(recoveryId, recoveryRunId, joined, proxies);
    if (!outcome || (outcome.status !== 'recovered' && outcome.status !== 'partial')) return { how: 'unrecovered' };
    const { primary, resolvedBy } = outcome;
    if (primary && resolvedBy === 'skip') return { how: 'skipped', kept };
    if (primary && resolvedBy === 'supplied') {
      const summary = `what was supplied for ${step.name}`;
      const { output } = await proxies(summary).readSupplied({ recoveryId, recoveryRunId });
      return { how: 'done', value: output };
    }
    if (primary && resolvedBy === 'fallback') return { how: 'done', value: outputOf(outcome) };
    const done = here.steps.get(stepKey)?.done;
    if (done) return { how: 'done', value: done.value };
    // Somebody else's recovery, or a cause that went away: the step itself has not been done.
    if (!primary || resolvedBy === 'probes' || step.operation === undefined) return { how: 'again' };
    return { how: 'done', value: outputOf(outcome) };
  } catch (reason) {
    if (isCancellation(reason)) throw reason;
    log.warn(`no recovery of ${step.name}`, { reason: recordError(reason).message });
    return { how: 'unrecovered' };
  } finally {
    here.steps.delete(stepKey);
  }
}

async function waitFor(
  recoveryId: string,
  recoveryRunId: string,
  joined: boolean | undefined,
  proxies: (summary: string) => Pick<ReturnType<typeof sharedActivities>, 'lookAtRecovery'>,
): Promise<RecoveryOutcome | undefined> {
  try {
    return await awaitRecovery({
      recoveryId,
      outcome: () => here.closed.get(recoveryRunId),
      lookAfterMs,
      isOpen: async () => {
        try {
          return (await proxies(`look at ${recoveryId}`).lookAtRecovery({ recoveryId, recoveryRunId })).open;
        } catch (error) {
          if (isCancellation(error)) throw error;
          // Nobody could look; the recovery itself will tell.
          log.warn(`${recoveryId} could not be looked at`, { reason: recordError(error).message });
          return true;
        }
      },
    });
  } catch (error) {
    if (isCancellation(error) && joined === false) await cancelRecovery(recoveryId, recoveryRunId);
    throw error;
  }
}

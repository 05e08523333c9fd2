import { CancellationScope, condition, log, workflowInfo } from '@temporalio/workflow';
import { toMs } from '../../domain/duration.ts';
import type { CallResult } from '../../domain/breaker.ts';
import { MAX_LEASE_MS } from '../../domain/breaker.ts';
import { waitForBreaker } from '../../resilience/breaker-wait.ts';
import { sharedActivities } from '../activity-proxies.ts';
import { publish, type BulkState } from '../bulk-state.ts';
import { effectKey } from '../effect-key.ts';
import { recordError } from './record-error.ts';

/** A call that the breaker has let through; empty where no breaker is asked. */
export interface BulkLease {
  generation?: number;
  leaseId?: string;
}

const LEASE_GRACE_MS = 60_000;

/** Waits until the breaker lets one more through. Undefined: paused, stopped or long meanwhile, look again. */
export async function enterBulkBreaker(state: BulkState, breaker: string): Promise<BulkLease | undefined> {
  const { progress, input } = state;
  const interrupted = (): boolean => progress.stopped || progress.paused || workflowInfo().continueAsNewSuggested;
  const since = Date.now();
  const leaseMs = Math.min(toMs(input.watchFor) + LEASE_GRACE_MS, MAX_LEASE_MS);
  const key = effectKey(`bulk/${progress.queue[0]?.runId ?? ''}`);
  while (!interrupted()) {
    const { acquireBreaker } = sharedActivities({ timeout: '20s', summary: `ask breaker ${breaker}` });
    const { permitted, generation, leaseId, retryAfterMs, state: of } = await acquireBreaker({ breaker, key, leaseMs });
    if (permitted) return { generation, ...(leaseId === undefined ? {} : { leaseId }) };
    publish(state, `, waits for breaker ${breaker}, ${of}`);
    const next = waitForBreaker({ since, limitMs: Infinity }, { at: Date.now(), retryAfterMs: retryAfterMs ?? null });
    const waitMs = next.give === 'time' ? next.delayMs : LEASE_GRACE_MS;
    await condition(interrupted, waitMs, { summary: `breaker ${breaker} is ${of}` });
  }
  return undefined;
}

/** Null gives the lease back unused. That a breaker cannot be told keeps nothing from going on. */
export async function tellBulkBreaker(
  { input: { breaker } }: BulkState,
  { generation, leaseId }: BulkLease,
  result: CallResult | null,
): Promise<void> {
  if (breaker === undefined || generation === undefined || (result === null && leaseId === undefined)) return;
  const { reportBreaker } = sharedActivities({ timeout: '20s', summary: `tell breaker ${breaker}` });
  try {
    await CancellationScope.nonCancellable(() =>
      reportBreaker({ breaker, generation, result, ...(leaseId === undefined ? {} : { leaseId }) }),
    );
  } catch (error) {
    log.warn(`breaker ${breaker} could not be told`, { reason: recordError(error).message });
  }
}

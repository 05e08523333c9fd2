import { CancellationScope, sleep } from '@temporalio/workflow';
import { MAX_LEASE_MS, type Admission, type CallResult } from '../../domain/breaker.ts';
import { formatMs, toMs } from '../../domain/duration.ts';
import type { ActionRecord } from '../../domain/recovery.ts';
import { waitForBreaker } from '../../resilience/breaker-wait.ts';
import { sharedActivities } from '../activity-proxies.ts';
import { effectKey, strategyKey } from '../effect-key.ts';
import { note, publish, type RecoveryState } from '../recovery-state.ts';
import type { AttemptOptions } from './attempt-steps.ts';
import { recordError, type CaughtError } from './record-error.ts';

/** Beyond the time-outs of the steps: what lies between them. */
const LEASE_GRACE_MS = 30_000;

/** Errors of the caller: the dependency has no part in them. */
const NOT_ITS_FAULT = ['invalid-input', 'command-not-found', 'unknown-activity', 'secret-not-found'];

const activities = (summary: string) => sharedActivities({ timeout: '20s', summary });

function leaseMsOf({ steps, timeout }: AttemptOptions): number {
  const longest = steps.reduce((sum, { operation }) => sum + toMs(operation.timeout ?? timeout), 0);
  return Math.min(longest + LEASE_GRACE_MS, MAX_LEASE_MS);
}

/** A try that the breaker has let through. */
export interface Admitted {
  /** How the try went, as the breaker is to know it. Null: it says nothing about the dependency. */
  tell: (outcome: { durationMs: number; error?: CaughtError } | null) => Promise<void>;
}

function admittedBy(breaker: string, record: ActionRecord, { generation, leaseId }: Admission): Admitted {
  return {
    async tell(outcome) {
      const says = outcome !== null && !NOT_ITS_FAULT.includes(outcome.error?.code ?? '');
      const result: CallResult | null = says
        ? { ok: outcome.error === undefined, durationMs: outcome.durationMs }
        : null;
      if (result === null && leaseId === undefined) return;
      const summary = `${record.id}: tell breaker ${breaker}`;
      await CancellationScope.nonCancellable(() =>
        activities(summary).reportBreaker({ breaker, generation, result, ...(leaseId ? { leaseId } : {}) }),
      );
    },
  };
}

/**
 * Asks a breaker before a try, and waits as long as it keeps calls away, no longer than the action's time-out
 * (requirement 5.2). The wait is visible in the status with the time of the next try, and costs no try of the plan.
 */
export async function enterBreaker(
  state: RecoveryState,
  record: ActionRecord,
  options: AttemptOptions & { breaker: string },
  attempt: number,
): Promise<Admitted | CaughtError> {
  const { breaker, timeout, round } = options;
  const since = Date.now();
  const key = effectKey(strategyKey(state, `${record.id}/${round}.${attempt}/breaker`));
  try {
    for (;;) {
      const { acquireBreaker } = activities(`${record.id}: ask breaker ${breaker}`);
      const admission = await acquireBreaker({ breaker, key, leaseMs: leaseMsOf(options) });
      if (admission.permitted) return admittedBy(breaker, record, admission);
      const retryAfterMs = admission.retryAfterMs ?? null;
      const next = waitForBreaker({ since, limitMs: toMs(timeout) }, { at: Date.now(), retryAfterMs });
      if (next.give === 'up') return refusal(breaker, admission, timeout);
      if (!state.waitingFor) note(state, 'status', `${record.id} waits for breaker ${breaker}, ${admission.state}`);
      state.waitingFor = {
        kind: 'breaker',
        key: `breaker:${breaker}`,
        since: new Date(since).toISOString(),
        ...(retryAfterMs === null ? {} : { until: new Date(Date.now() + retryAfterMs).toISOString() }),
        actionId: record.id,
      };
      publish(state);
      await sleep(next.delayMs, { summary: `${record.id}: breaker ${breaker} is ${admission.state}` });
    }
  } finally {
    if (state.waitingFor?.kind === 'breaker') {
      delete state.waitingFor;
      note(state, 'status', `${record.id} waited ${formatMs(Date.now() - since)} for breaker ${breaker}`);
      publish(state);
    }
  }
}

const refusal = (breaker: string, { state }: Admission, timeout: string): CaughtError => ({
  code: 'breaker-open',
  message: `circuit breaker ${breaker} is ${state} and let no call through within ${timeout}`,
  remedy: `See why with \`rerail breaker show ${breaker}\`, then close it with \`rerail breaker reset ${breaker}\`.`,
  retryable: false,
});

/** Telling a breaker must not make a try fail that has worked. */
export async function tellBreaker(
  state: RecoveryState,
  admitted: Admitted,
  outcome: Parameters<Admitted['tell']>[0],
): Promise<void> {
  try {
    await admitted.tell(outcome);
  } catch (error) {
    note(state, 'status', `the circuit breaker could not be told: ${recordError(error).message}`);
  }
}

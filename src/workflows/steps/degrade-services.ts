import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import { toMs } from '../../domain/duration.ts';
import type { Plan } from '../../domain/plan.ts';
import { engine } from '../activity-proxies.ts';
import { note, type RecoveryState } from '../recovery-state.ts';
import { recordError } from './record-error.ts';

/** A recovery that was killed cannot say that it is over: then its mark ends so late. */
const LONGEST_MS = 60 * 60 * 1000;
const GRACE_MS = 60_000;

const holdOf = (): string => `${workflowInfo().workflowId}/${workflowInfo().runId}`;

/** Telling clients must not make a recovery fail, nor be cut off by its cancellation. */
async function tell(state: RecoveryState, service: string, what: string, send: () => Promise<unknown>): Promise<void> {
  try {
    await CancellationScope.nonCancellable(send);
    note(state, 'status', `${service} is ${what} for its clients`);
  } catch (error) {
    note(
      state,
      'status',
      `the clients of ${service} could not be told that it is ${what}: ${recordError(error).message}`,
    );
  }
}

/** Shows what is recovered as degraded, where its definition asks for it (requirement 4.6). */
export async function degradeServices(state: RecoveryState, plan: Plan): Promise<void> {
  const limit = plan.limits.deadline === undefined ? LONGEST_MS : toMs(plan.limits.deadline) + GRACE_MS;
  for (const service of plan.degrades ?? []) {
    if (state.degraded?.includes(service)) continue;
    state.degraded = [...(state.degraded ?? []), service];
    const hold = holdOf();
    await tell(state, service, 'degraded', () =>
      engine(state.input).tellService({
        service,
        change: {
          type: 'degrade',
          id: `${hold}/degrade`,
          hold,
          by: workflowInfo().workflowId,
          reason: `recovery: ${state.input.failure.message}`.slice(0, 500),
          until: Date.now() + limit,
        },
      }),
    );
  }
}

/** However the recovery ends. */
export async function restoreServices(state: RecoveryState): Promise<void> {
  for (const service of state.degraded ?? []) {
    const hold = holdOf();
    const by = workflowInfo().workflowId;
    await tell(state, service, 'no longer degraded by this recovery', () =>
      engine(state.input).tellService({
        service,
        change: { type: 'restore', id: `${hold}/restore`, hold, by, reason: 'the recovery is over' },
      }),
    );
  }
}

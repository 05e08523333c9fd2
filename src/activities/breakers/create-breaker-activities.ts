import { Context } from '@temporalio/activity';
import { ResetBreakerInputSchema } from '../../domain/breaker.schema.ts';
import type { Admission, BreakerPort, BreakerSnapshot, CallResult, ManualChangeInput } from '../../domain/breaker.ts';
import { isRerailError, type ErrorCode } from '../../domain/errors.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { asActivity } from '../support/as-activity.ts';
import type { BreakerCache } from './breaker-cache.ts';

/** What the activities need of the breakers themselves. */
export interface BreakerControl extends BreakerPort {
  reset: (name: string, input: ManualChangeInput) => Promise<BreakerSnapshot>;
}

export interface AcquireBreakerInput {
  breaker: string;
  /** Names the try; the same again gets the same lease. */
  key: string;
  leaseMs: number;
}

export interface ReportBreakerInput {
  breaker: string;
  generation: number;
  leaseId?: string;
  /** Null gives the lease back unused. */
  result: CallResult | null;
}

const caller = (): string => Context.current().info.workflowExecution?.workflowId ?? 'an activity';

const PASSING: readonly ErrorCode[] = ['server-unreachable', 'timed-out'];

/** Many who ask one breaker at once are turned away by the server for a moment: Temporal tries again. */
async function orAgain<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isRerailError(error) && PASSING.includes(error.code)) throw new Error(error.message, { cause: error });
    throw error;
  }
}

/** How a recovery asks and tells the circuit breakers, by way of what its worker knows of them. */
export function createBreakerActivities({ cache, control }: { cache: BreakerCache; control: BreakerControl }) {
  return {
    acquireBreaker: asActivity(({ breaker, key, leaseMs }: AcquireBreakerInput): Promise<Admission> =>
      cache.acquire(breaker, { key, by: caller(), leaseMs }),
    ),
    /** Done twice, it may count a call of a closed breaker twice; one with a lease counts once. */
    reportBreaker: asActivity(async ({ breaker, generation, leaseId, result }: ReportBreakerInput): Promise<void> => {
      if (result) await orAgain(cache.report(breaker, { generation, leaseId, ...result }));
      else if (leaseId !== undefined) await orAgain(cache.release(breaker, { generation, leaseId }));
    }),
    /** For playbooks. One that nobody has used is as good as closed. */
    resetBreaker: asActivity(async (given: unknown): Promise<{ breaker: string; state: string; known: boolean }> => {
      const { breaker, reason } = parseInput(ResetBreakerInputSchema, given, 'the input of resetBreaker');
      try {
        const change = { by: caller(), reason: reason ?? 'a step of its playbook' };
        const { state } = await control.reset(breaker, change);
        cache.forget(breaker);
        return { breaker, state, known: true };
      } catch (error) {
        if (!isRerailError(error) || error.code !== 'breaker-not-found') throw error;
        return { breaker, state: 'CLOSED', known: false };
      }
    }),
  };
}

import { Context } from '@temporalio/activity';
import type { RecoveryWay } from '../domain/bulk.ts';
import { asActivity } from './support/as-activity.ts';

export interface ClosedExecution {
  workflowId: string;
  runId: string;
}

export interface ExecutionPage {
  executions: ClosedExecution[];
  nextPageToken?: string;
}

export interface RecoverExecutionInput extends ClosedExecution {
  how: RecoveryWay;
  reason: string;
  /** The same id again recovers once, and finds what the first has done. */
  requestId: string;
  /** One that has failed more often under its workflow id is left alone. */
  maxFailures?: number;
}

/** The run that it goes on in, or why it was left alone. */
export type RecoveredExecution = { newRunId: string } | { skipped: string };

export interface WatchedExecution {
  result: 'recovered' | 'running' | 'failed';
  note?: string;
}

/** What is asked of the server about the user's own executions; the composition root hands it in. */
export interface Executions {
  list: (input: { query: string; pageSize: number; pageToken?: string }) => Promise<ExecutionPage>;
  count: (input: { query: string }) => Promise<{ count: number }>;
  recover: (input: RecoverExecutionInput) => Promise<RecoveredExecution>;
  look: (input: ClosedExecution) => Promise<WatchedExecution>;
}

/** How often a recovered execution is looked at while it is watched: soon at first. */
const lookAfterMs = (looks: number): number => Math.min(50 * 2 ** looks, 2000);

export function createExecutionActivities({ list, count, recover, look }: Executions) {
  return {
    listExecutions: asActivity(list),
    countExecutions: asActivity(count),
    recoverExecution: asActivity(recover),
    /** Until it has closed, or so many milliseconds long. */
    watchExecution: asActivity(
      async ({ forMs, ...execution }: ClosedExecution & { forMs: number }): Promise<WatchedExecution> => {
        const context = Context.current();
        const until = Date.now() + forMs;
        for (let looks = 0; ; looks++) {
          const found = await look(execution);
          if (found.result !== 'running' || Date.now() >= until) return found;
          context.heartbeat();
          await context.sleep(Math.min(lookAfterMs(looks), Math.max(1, until - Date.now())));
        }
      },
    ),
  };
}

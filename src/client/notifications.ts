import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import type { Occurrence } from '../domain/notification.ts';
import type { Plan } from '../domain/plan.ts';
import type { ListedRecovery } from '../domain/recovery-list.schema.ts';
import type { RecoverySnapshot, TimelineEntry } from '../domain/recovery.ts';
import type { RecoveryReport } from '../domain/report.ts';
import { notificationId, notifierId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { planQuery, statusQuery, timelineQuery } from '../workflows/messages.ts';
import type { notification } from '../workflows/notification.ts';
import type { notifier } from '../workflows/notifier.ts';
import { translateError } from './errors.ts';
import { quote, RECOVERY_TYPE, toListed } from './recovery-list.ts';
import { listPage } from './visibility-page.ts';

/** What a message about a recovery is written from. */
export interface Seen {
  open: boolean;
  /** Ended from outside: it has neither. */
  snapshot?: RecoverySnapshot;
  plan?: Plan | null;
  /** The first entry of the timeline. */
  reported?: TimelineEntry | undefined;
  report?: RecoveryReport;
}

const PAGE = 200;
const WHAT = 'the recoveries to tell of';

/** Starts what tells people, and reads what they are told. */
export function createNotifications(client: Client, taskQueue: string) {
  /** False where one with this id is there or has been: ids of notifications are used once. */
  async function startOnce(start: () => Promise<unknown>, what: string): Promise<boolean> {
    try {
      await start();
      return true;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return false;
      throw translateError(error, what);
    }
  }

  return {
    /** Watches the recoveries of this task queue, from now on or from where it is already. */
    async startNotifier(since = new Date()): Promise<void> {
      const workflowId = notifierId(taskQueue);
      await startOnce(
        () =>
          client.workflow.start<typeof notifier>(WORKFLOW_TYPES.notifier, {
            workflowId,
            taskQueue,
            args: [{ since: since.toISOString() }],
            workflowIdConflictPolicy: 'USE_EXISTING',
            staticSummary: 'tells people of what happens to recoveries',
          }),
        workflowId,
      );
    },
    /** Sends one message in the background, once for each key and channel. False where it was there before. */
    send: (occurrence: Occurrence, channel: string): Promise<boolean> => {
      const workflowId = notificationId(occurrence.event, channel, occurrence.key);
      return startOnce(
        () =>
          client.workflow.start<typeof notification>(WORKFLOW_TYPES.notification, {
            workflowId,
            taskQueue,
            args: [{ occurrence, channel }],
            workflowIdConflictPolicy: 'FAIL',
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            staticSummary: `${occurrence.event} to ${channel}: ${occurrence.target ?? ''}`,
          }),
        workflowId,
      );
    },
    /** Recoveries of this task queue that wait for somebody, or that have begun or closed since. */
    async changes(since: Date): Promise<ListedRecovery[]> {
      const after = `> '${since.toISOString()}'`;
      const query =
        `${RECOVERY_TYPE} AND TaskQueue = ${quote(taskQueue)} AND ((ExecutionStatus = 'Running' AND ` +
        `RerailWaitingFor IS NOT NULL) OR CloseTime ${after} OR StartTime ${after})`;
      const found: ListedRecovery[] = [];
      let cursor: string | undefined;
      do {
        const page = await listPage(client, { query, limit: PAGE, cursor, what: WHAT });
        found.push(...page.executions.map(toListed));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      return found;
    },
    /** One recovery as it is now. Needs a worker where it is open. */
    async look(workflowId: string, runId: string): Promise<Seen> {
      const handle = client.workflow.getHandle(workflowId, runId);
      try {
        const { status } = await handle.describe();
        if (status.name === 'COMPLETED') return { open: false, report: (await handle.result()) as RecoveryReport };
        if (status.name !== 'RUNNING') return { open: false };
        const snapshot = await handle.query(statusQuery);
        const plan = await handle.query(planQuery);
        const timeline = await handle.query(timelineQuery, {});
        return { open: true, snapshot, plan, reported: timeline[0] };
      } catch (error) {
        throw translateError(error, workflowId);
      }
    },
  };
}

export type Notifications = ReturnType<typeof createNotifications>;

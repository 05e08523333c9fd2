import {
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import { PauseInputSchema } from '../domain/approval.schema.ts';
import type { PauseInput } from '../domain/approval.ts';
import { BulkInputSchema } from '../domain/bulk.schema.ts';
import type { BulkInput, BulkInputGiven, BulkReport, BulkStatus } from '../domain/bulk.ts';
import type { Duration } from '../domain/duration.ts';
import { RerailError } from '../domain/errors.ts';
import { parseInput } from '../domain/parse-input.ts';
import { bulkId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import type { bulkRecovery } from '../workflows/bulk-recovery.ts';
import {
  bulkProgressQuery,
  pauseUpdate,
  resumeUpdate,
  stopUpdate,
  type MessageReceipt,
} from '../workflows/messages.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';
import { createExecutions } from './executions.ts';

export interface ListedBulk {
  name: string;
  runId: string;
  status: BulkStatus;
  startedAt: string;
  closedAt?: string;
  by?: string;
  reason?: string;
}

/** What a bulk would do. */
export interface BulkPreview {
  name: string;
  how: BulkInput['how'];
  dryRun: true;
  found: number;
  /** The first ids, newest first. */
  first: string[];
}

const FIRST_IDS = 20;

const notFound = (name: string): RerailError =>
  new RerailError('bulk-not-found', `there is no bulk recovery "${name}"`, {
    remedy: 'List them with `rerail bulk list`.',
    nonRetryable: true,
  });

const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Recoveries of many closed executions, each a workflow `bulk/<name>`. */
export function createBulks(client: Client, taskQueue: string) {
  const executions = createExecutions(client);
  const parse = (given: BulkInputGiven): BulkInput => parseInput(BulkInputSchema, given, 'the bulk recovery');
  const guarded = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError || error instanceof ScheduleNotFoundError) throw notFound(name);
      throw translateError(error, bulkId(name));
    }
  };
  const handleOf = (name: string) => client.workflow.getHandle<typeof bulkRecovery>(bulkId(name));
  const change = (update: typeof pauseUpdate) => (name: string, given: PauseInput) => {
    const input = parseInput(PauseInputSchema, given, 'the change');
    return guarded<MessageReceipt>(name, () => handleOf(name).executeUpdate(update, { args: [input] }));
  };
  const summary = ({ name, how, query }: BulkInput): string => `${name}: ${how} of ${query}`.slice(0, 190);

  return {
    /** What it would do, without a workflow. Throws `invalid-input`. */
    async preview(given: BulkInputGiven): Promise<BulkPreview> {
      const { name, query, how } = parse(given);
      const [{ count: found }, page] = await Promise.all([
        executions.count({ query }),
        executions.list({ query, pageSize: FIRST_IDS }),
      ]);
      return { name, how, dryRun: true, found, first: page.executions.map(({ workflowId }) => workflowId) };
    },
    /**
     * Starts it; `dryRun` is true by default and changes nothing. Throws `invalid-input`, `target-locked` where one of this
     * name is running.
     */
    async start(given: BulkInputGiven): Promise<{ workflowId: string; runId: string }> {
      const input = parse(given);
      const workflowId = bulkId(input.name);
      // A wrong query is to be told at once, not by a workflow that cannot begin.
      await executions.count({ query: input.query });
      try {
        const handle = await client.workflow.start<typeof bulkRecovery>(WORKFLOW_TYPES.bulkRecovery, {
          workflowId,
          taskQueue,
          args: [input],
          workflowIdConflictPolicy: 'FAIL',
          staticSummary: summary(input),
          typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.status, value: 'running' }],
        });
        return { workflowId, runId: handle.firstExecutionRunId };
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw translateError(error, workflowId);
        throw new RerailError('target-locked', `bulk recovery ${input.name} is running`, {
          remedy: `Look at it with \`rerail bulk show ${input.name}\`, stop it, or give this one another name.`,
          cause: error,
          nonRetryable: true,
        });
      }
    },
    /** Newest first; those of a schedule have the time in their name. */
    async list(): Promise<ListedBulk[]> {
      const found: ListedBulk[] = [];
      const query = `WorkflowType = '${WORKFLOW_TYPES.bulkRecovery}' AND ExecutionStatus != 'ContinuedAsNew'`;
      await guarded('list', async () => {
        for await (const {
          workflowId,
          runId,
          memo,
          typedSearchAttributes,
          startTime,
          closeTime,
        } of client.workflow.list({
          query,
        })) {
          const by = asText(memo?.['by']);
          const reason = asText(memo?.['reason']);
          found.push({
            name: workflowId.replace(/^bulk\//, ''),
            runId,
            status: (typedSearchAttributes.get(SEARCH_ATTRIBUTES.status) ?? 'running') as BulkStatus,
            startedAt: startTime.toISOString(),
            ...(closeTime ? { closedAt: closeTime.toISOString() } : {}),
            ...(by === undefined ? {} : { by }),
            ...(reason === undefined ? {} : { reason }),
          });
        }
      });
      return found;
    },
    /** Where it stands, or how it ended. Throws `bulk-not-found`. */
    progress: (name: string): Promise<BulkReport> => guarded(name, () => handleOf(name).query(bulkProgressQuery)),
    /** Waits for its end. */
    result: (name: string): Promise<BulkReport> => guarded(name, () => handleOf(name).result()),
    pause: change(pauseUpdate),
    resume: change(resumeUpdate),
    stop: change(stopUpdate),
    /** Runs it every so often; what is still running when its turn comes is left to finish. Replaces one of the same name. */
    async schedule(given: BulkInputGiven, every: Duration): Promise<{ scheduleId: string; replaced: boolean }> {
      const input = parse(given);
      const scheduleId = bulkId(input.name);
      await executions.count({ query: input.query });
      const spec = { intervals: [{ every }] };
      const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' as const };
      const action = {
        type: 'startWorkflow' as const,
        workflowType: WORKFLOW_TYPES.bulkRecovery,
        workflowId: scheduleId,
        taskQueue,
        args: [input],
        staticSummary: summary(input),
      };
      const handle = client.schedule.getHandle(scheduleId);
      try {
        await handle.update((previous) => ({ ...previous, spec, policies, action }));
        return { scheduleId, replaced: true };
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw translateError(error, scheduleId);
      }
      return guarded(input.name, async () => {
        await client.schedule.create({ scheduleId, spec, policies, action });
        return { scheduleId, replaced: false };
      });
    },
    /** Throws `bulk-not-found` where there is no such schedule. */
    unschedule: (name: string): Promise<void> =>
      guarded(name, async () => {
        await client.schedule.getHandle(bulkId(name)).delete();
      }),
  };
}

export type Bulks = ReturnType<typeof createBulks>;

import { isGrpcServiceError, WorkflowFailedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import type {
  ClosedExecution,
  ExecutionPage,
  RecoverExecutionInput,
  RecoveredExecution,
  WatchedExecution,
} from '../activities/executions.ts';
import { messageOf, RerailError } from '../domain/errors.ts';
import { WORKFLOW_TYPES } from '../domain/wire-names.ts';
import { INVALID_ARGUMENT, translateError } from './errors.ts';
import { quote } from './recovery-list.ts';
import { resetExecution } from './reset-point.ts';
import { restartRequest } from './restart-request.ts';

const FAILED_STATUSES = ['FAILED', 'TIMED_OUT', 'TERMINATED', 'CANCELLED'];
const OWN_TYPES: readonly string[] = Object.values(WORKFLOW_TYPES);

/** A query that says nothing of the status means what has failed. */
export const failedOnly = (query: string): string =>
  /\bExecutionStatus\b/i.test(query) ? query : `(${query}) AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')`;

const ALREADY_EXISTS = 6;

function codeOf(error: unknown): number | undefined {
  const service = error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
  return isGrpcServiceError(service) ? service.code : undefined;
}

/** A query of a person may be wrong in many ways, and the server says in which. */
export async function withQuery<T>(query: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) !== INVALID_ARGUMENT) throw translateError(error, 'the list of executions');
    throw new RerailError('invalid-input', `the server refuses the query "${query}": ${messageOf(error)}`, {
      remedy: "Write it as for `temporal workflow list --query`, such as WorkflowType = 'order'.",
      cause: error,
      nonRetryable: true,
    });
  }
}

/** The user's own executions: found by a query, recovered by reset or restart, looked at. */
export function createExecutions(client: Client) {
  const { workflowService: service } = client;
  const { namespace } = client.options;

  const list = ({ query, pageSize, pageToken }: { query: string; pageSize: number; pageToken?: string }) =>
    withQuery(query, async (): Promise<ExecutionPage> => {
      const { executions, nextPageToken } = await service.listWorkflowExecutions({
        namespace,
        query: failedOnly(query),
        pageSize,
        ...(pageToken === undefined ? {} : { nextPageToken: Buffer.from(pageToken, 'base64') }),
      });
      const next = Buffer.from(nextPageToken).toString('base64');
      return {
        executions: executions.map(({ execution }) => ({
          workflowId: execution?.workflowId ?? '',
          runId: execution?.runId ?? '',
        })),
        ...(next === '' ? {} : { nextPageToken: next }),
      };
    });

  const count = ({ query }: { query: string }) =>
    withQuery(query, async () => ({ count: (await client.workflow.count(failedOnly(query))).count }));

  const failuresOf = async (workflowId: string): Promise<number> => {
    const query = `WorkflowId = ${quote(workflowId)} AND ExecutionStatus IN ('Failed', 'TimedOut')`;
    return (await client.workflow.count(query)).count;
  };

  /** Why it is to be left alone, or the newest run of its workflow id. */
  async function check({
    workflowId,
    runId,
    requestId,
    maxFailures,
  }: RecoverExecutionInput): Promise<RecoveredExecution | undefined> {
    const { runId: newest, status, type, raw } = await client.workflow.getHandle(workflowId).describe();
    if (newest !== runId) {
      const ours = Object.keys(raw.workflowExtendedInfo?.requestIdInfos ?? {}).includes(requestId);
      if (ours) return { newRunId: newest };
      return { skipped: `a newer run ${newest} is ${status.name.toLowerCase()}` };
    }
    if (status.name === 'RUNNING') return { skipped: 'it is running' };
    if (!FAILED_STATUSES.includes(status.name))
      return { skipped: `it has not failed, it is ${status.name.toLowerCase()}` };
    if (OWN_TYPES.includes(type)) return { skipped: `${type} is a workflow of Rerail itself` };
    const failures = maxFailures === undefined ? 0 : await failuresOf(workflowId);
    if (maxFailures !== undefined && failures > maxFailures)
      return { skipped: `it has failed ${failures} times already: look at it by hand` };
    return undefined;
  }

  /** One closed execution, once. Throws `action-not-applicable` where there is nothing to go back to. */
  async function recover(input: RecoverExecutionInput): Promise<RecoveredExecution> {
    const { workflowId, runId, how, reason, requestId } = input;
    try {
      const known = await check(input);
      if (known) return known;
      const events = (await client.workflow.getHandle(workflowId, runId).fetchHistory()).events ?? [];
      if (how === 'restart') {
        const started = await service.startWorkflowExecution(
          restartRequest(events, { namespace, workflowId, requestId }),
        );
        return { newRunId: started.runId };
      }
      return { newRunId: await resetExecution(client, { workflowId, runId, reason, requestId }, events) };
    } catch (error) {
      if (codeOf(error) === ALREADY_EXISTS) return { skipped: 'it was started again meanwhile' };
      if (error instanceof WorkflowNotFoundError) return { skipped: 'its history is no longer kept' };
      throw translateError(error, workflowId);
    }
  }

  /** Follows a chain of runs: one that was continued as new is running. */
  async function look({ workflowId, runId }: ClosedExecution): Promise<WatchedExecution> {
    const handle = client.workflow.getHandle(workflowId, runId);
    const { status } = await handle.describe();
    if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return { result: 'running' };
    if (status.name === 'COMPLETED') return { result: 'recovered' };
    try {
      await handle.result();
      return { result: 'recovered' };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      let cause: Error = error;
      while (cause.cause instanceof Error) cause = cause.cause;
      return { result: 'failed', note: cause.message.slice(0, 500) };
    }
  }

  return { list, count, recover, look };
}

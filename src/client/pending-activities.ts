import { randomUUID } from 'node:crypto';
import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { RerailError } from '../domain/errors.ts';
import { decodeFailureText } from './decode-payload.ts';
import { translateError } from './errors.ts';
import { withQuery } from './executions.ts';

/** An activity that is under way or waits for its next attempt. */
export interface PendingActivity {
  workflowId: string;
  runId: string;
  activityId: string;
  type: string;
  attempt: number;
  /** 0: without limit. */
  maximumAttempts: number;
  paused: boolean;
  state: 'scheduled' | 'started' | 'other';
  lastFailure?: string;
  /** ISO 8601; absent while it is running. */
  nextAttemptAt?: string;
}

export interface FindActivities {
  /** Of Visibility; running workflows only. Default: all. */
  query?: string;
  workflowId?: string;
  activityId?: string;
  /** Default 1. */
  minAttempts?: number;
  /** Only those whose last attempt failed, or that are paused. */
  failing?: boolean;
  /** Workflows that are looked at. Default 1000. */
  limit?: number;
}

export const ACTIVITY_VERBS = ['retry-now', 'pause', 'unpause', 'reset'] as const;
export type ActivityVerb = (typeof ACTIVITY_VERBS)[number];

const UNIMPLEMENTED = 12;
const NOT_FOUND = 5;
const AT_A_TIME = 10;
const STATES = { 1: 'scheduled', 2: 'started' } as const;

const grpcCode = (error: unknown): number | undefined => (isGrpcServiceError(error) ? error.code : undefined);

const asIso = (
  time: { seconds?: { toString(): string } | null; nanos?: number | null } | null | undefined,
): string | undefined =>
  time ? new Date(Number(String(time.seconds ?? 0)) * 1000 + (time.nanos ?? 0) / 1e6).toISOString() : undefined;

/** Activities of running workflows, as the server has them: found, and retried, paused or reset by its own calls. */
export function createPendingActivities(client: Client) {
  const { workflowService: service } = client;
  const { namespace } = client.options;

  async function ofWorkflow(workflowId: string, given?: string): Promise<PendingActivity[]> {
    const { raw, runId } = await client.workflow.getHandle(workflowId, given).describe();
    const tell = async (pending: NonNullable<typeof raw.pendingActivities>[number]): Promise<PendingActivity> => {
      const lastFailure = await decodeFailureText(client, pending.lastFailure);
      const nextAttemptAt = asIso(pending.nextAttemptScheduleTime);
      return {
        workflowId,
        runId,
        activityId: pending.activityId ?? '',
        type: pending.activityType?.name ?? '',
        attempt: pending.attempt ?? 1,
        maximumAttempts: pending.maximumAttempts ?? 0,
        paused: pending.paused ?? false,
        state: STATES[pending.state as keyof typeof STATES] ?? 'other',
        ...(lastFailure ? { lastFailure } : {}),
        ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }),
      };
    };
    return Promise.all((raw.pendingActivities ?? []).map(tell));
  }

  async function workflows({ query, limit = 1000 }: FindActivities): Promise<{ workflowId: string; runId: string }[]> {
    const running = "ExecutionStatus = 'Running'";
    const whole = query?.trim() ? `(${query}) AND ${running}` : running;
    return withQuery(query ?? running, async () => {
      const found: { workflowId: string; runId: string }[] = [];
      for await (const { workflowId, runId } of client.workflow.list({ query: whole })) {
        if (found.length >= limit) break;
        found.push({ workflowId, runId });
      }
      return found;
    });
  }

  /** By query or by id. One that closes while it is looked at is left out. Throws `execution-not-found` by id. */
  async function find(options: FindActivities): Promise<PendingActivity[]> {
    const { workflowId, activityId, minAttempts = 1, failing = false } = options;
    const wanted = (pending: PendingActivity): boolean =>
      (activityId === undefined || pending.activityId === activityId) &&
      pending.attempt >= minAttempts &&
      (!failing || pending.lastFailure !== undefined || pending.paused);
    if (workflowId !== undefined) {
      try {
        return (await ofWorkflow(workflowId)).filter(wanted);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw translateError(error, workflowId);
        throw new RerailError('execution-not-found', `there is no execution ${workflowId}`, {
          remedy: 'List running ones with `temporal workflow list`.',
          nonRetryable: true,
        });
      }
    }
    const all = await workflows(options);
    const found: PendingActivity[] = [];
    for (let from = 0; from < all.length; from += AT_A_TIME) {
      const part = await Promise.all(
        all.slice(from, from + AT_A_TIME).map(async (each) => {
          try {
            return await ofWorkflow(each.workflowId, each.runId);
          } catch (error) {
            if (error instanceof WorkflowNotFoundError) return [];
            throw translateError(error, each.workflowId);
          }
        }),
      );
      found.push(...part.flat().filter(wanted));
    }
    return found;
  }

  /** `false`: it had ended meanwhile. Throws `server-too-old` where the server does not know the call. */
  async function act(
    verb: ActivityVerb,
    pending: PendingActivity,
    { by, reason }: { by: string; reason: string },
  ): Promise<boolean> {
    const { workflowId, runId, activityId: id } = pending;
    const request = { namespace, execution: { workflowId, runId }, id, identity: by };
    try {
      if (verb === 'pause') await service.pauseActivity({ ...request, reason, requestId: randomUUID() });
      else if (verb === 'unpause') await service.unpauseActivity({ ...request });
      // What an attempt has reached so far is kept, only the wait is over.
      else if (verb === 'retry-now') await service.resetActivity({ ...request });
      else await service.resetActivity({ ...request, resetHeartbeat: true, restoreOriginalOptions: true });
      return true;
    } catch (error) {
      if (grpcCode(error) === NOT_FOUND) return false;
      if (grpcCode(error) !== UNIMPLEMENTED) throw translateError(error, workflowId);
      throw new RerailError('server-too-old', `this Temporal server cannot ${verb} an activity`, {
        remedy: 'It takes server 1.28 or newer, with the activity commands switched on.',
        cause: error,
        nonRetryable: true,
      });
    }
  }

  return { find, act };
}

export type PendingActivities = ReturnType<typeof createPendingActivities>;

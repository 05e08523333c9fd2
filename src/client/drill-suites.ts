import {
  isGrpcServiceError,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  WorkflowNotFoundError,
  type Client,
  type ScheduleDescription,
} from '@temporalio/client';
import {
  SuiteSelectionSchema,
  SuiteTimesSchema,
  type DrillSuiteReport,
  type ListedSuite,
  type SuiteSelection,
  type SuiteTimes,
} from '../domain/drill-suite.schema.ts';
import type { PastDrill } from '../domain/drill-suite.ts';
import { RerailError } from '../domain/errors.ts';
import { parseInput } from '../domain/parse-input.ts';
import { drillSuiteId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import type { drillSuite, DrillSuiteInput } from '../workflows/drill-suite.ts';
import { suiteReportQuery } from '../workflows/messages.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { INVALID_ARGUMENT, translateError } from './errors.ts';
import { listExecutions, verdictIn } from './list-executions.ts';
import { quote } from './recovery-list.ts';

export interface ScheduledSuite {
  scheduleId: string;
  host: string;
  /** As they were given; Temporal keeps a cron expression as a calendar. */
  times: SuiteTimes;
  paused: boolean;
  note?: string;
  names: string[] | 'all';
  /** Of one's own, by name. */
  definitions: string[];
  next: string[];
  running: string[];
}

interface Counts {
  passed?: number;
  failed?: number;
  notRun?: number;
  regressions?: number;
}

const CATCH_UP = '1h' as const;
const SHOWN = 3;
/** Some may be open, or have been ended from outside. */
const LOOKED_AT = 10;

const noSchedule = (host: string, cause?: unknown): RerailError =>
  new RerailError('drill-not-found', `no drills are scheduled on ${host}`, {
    remedy: `Schedule them: rerail drill schedule --cron "0 4 * * *" --host ${host}`,
    cause,
    nonRetryable: true,
  });

const noSuite = (workflowId: string, cause?: unknown): RerailError =>
  new RerailError('drill-not-found', `there is no open or kept ${workflowId}`, {
    remedy: 'List them with `rerail drill suite list`.',
    cause,
    nonRetryable: true,
  });

/** What the server does not take of a schedule are its times. */
function asTimesError(error: unknown, { cron, every, timezone }: SuiteTimes): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isGrpcServiceError(cause) || Number(cause.code) !== INVALID_ARGUMENT) return error;
  const given = [cron ?? every, timezone].filter((part) => part !== undefined).join(', ');
  return new RerailError('invalid-input', `the times of the schedule cannot be read: ${given}: ${cause.details}`, {
    remedy: 'Give --cron with five fields, such as "0 4 * * *", or --every 12h; --timezone as Europe/Berlin.',
    cause: error,
    nonRetryable: true,
  });
}

const specOf = ({ cron, every, timezone }: SuiteTimes) => ({
  ...(cron === undefined ? {} : { cronExpressions: [cron] }),
  ...(every === undefined ? {} : { intervals: [{ every }] }),
  ...(timezone === undefined ? {} : { timezone }),
});

function toScheduled(host: string, { action, state, info }: ScheduleDescription): ScheduledSuite {
  const [input] = (action.args ?? []) as [DrillSuiteInput?];
  return {
    scheduleId: drillSuiteId(host),
    host,
    times: action.memo?.['times'] ?? {},
    paused: state.paused,
    ...(state.note ? { note: state.note } : {}),
    names: input?.names ?? (input?.definitions === undefined ? 'all' : []),
    definitions: (input?.definitions ?? []).map(({ name }) => name),
    next: state.paused ? [] : info.nextActionTimes.slice(0, SHOWN).map((time) => time.toISOString()),
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
  };
}

/** Suites of drills: a schedule for each host, and what came of them (requirement 7.1). */
export function createDrillSuites(client: Client, taskQueue: string) {
  const guarded = async <T>(host: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) throw noSchedule(host, error);
      throw translateError(error, drillSuiteId(host));
    }
  };
  const handleOf = (host: string) => client.schedule.getHandle(drillSuiteId(host));

  const show = (host: string): Promise<ScheduledSuite> =>
    guarded(host, async () => toScheduled(host, await handleOf(host).describe()));

  return {
    /** Throws `drill-not-found` where nothing is scheduled. */
    show,
    /** Sets what is run and when, whether there was a schedule or not; two suites of a host are never under way together. */
    async schedule(
      given: SuiteSelection & SuiteTimes,
      { paused = false }: { paused?: boolean } = {},
    ): Promise<ScheduledSuite> {
      const { cron, every, timezone, ...rest } = given;
      const input = parseInput(SuiteSelectionSchema, rest, 'the drills');
      const times = parseInput(SuiteTimesSchema, { cron, every, timezone }, 'the times');
      const { host } = input;
      const scheduleId = drillSuiteId(host);
      const options = {
        spec: specOf(times),
        action: {
          type: 'startWorkflow' as const,
          workflowType: WORKFLOW_TYPES.drillSuite,
          workflowId: scheduleId,
          taskQueue,
          args: [input satisfies DrillSuiteInput],
          memo: { times },
          typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.target, value: scheduleId }],
          staticSummary: `drills on ${host}`.slice(0, 190),
        },
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP },
        state: { paused },
      };
      try {
        await client.schedule.create({ scheduleId, ...options });
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw translateError(asTimesError(error, times), scheduleId);
        try {
          await handleOf(host).update(() => options);
        } catch (refused) {
          throw translateError(asTimesError(refused, times), scheduleId);
        }
      }
      return show(host);
    },
    pause: (host: string, note: string): Promise<void> => guarded(host, () => handleOf(host).pause(note)),
    resume: (host: string): Promise<void> => guarded(host, () => handleOf(host).unpause('turned on again')),
    /** What has run stays; what is under way goes on to its end. */
    remove: (host: string): Promise<void> => guarded(host, () => handleOf(host).delete()),
    /** Starts one now, unless one is under way; it is compared with the one before as every other. */
    trigger: (host: string): Promise<void> => guarded(host, () => handleOf(host).trigger(ScheduleOverlapPolicy.SKIP)),
    /** From Visibility, newest first. */
    async list({ limit = 50, host }: { limit?: number; host?: string } = {}): Promise<ListedSuite[]> {
      const ofHost = host === undefined ? '' : ` AND RerailTarget = ${quote(drillSuiteId(host))}`;
      // A long suite is several executions, and only the last one is it.
      const query = `WorkflowType = ${quote(WORKFLOW_TYPES.drillSuite)} AND ExecutionStatus != 'ContinuedAsNew'${ofHost}`;
      return listExecutions<ListedSuite>(client, {
        query,
        limit,
        what: 'the list of suites',
        toRow(info) {
          const { passed, failed, notRun, regressions } = (info.memo?.['counts'] ?? {}) as Counts;
          return {
            workflowId: info.workflowId,
            verdict: verdictIn(info),
            passed: passed ?? null,
            failed: failed ?? null,
            notRun: notRun ?? null,
            regressions: regressions ?? null,
            startedAt: info.startTime.toISOString(),
            closedAt: info.closeTime?.toISOString() ?? null,
          };
        },
      });
    },
    /** What the last suite of the host, other than this one, knew of its drills. */
    async lastPast(host: string, workflowId: string): Promise<Record<string, PastDrill>> {
      const known = (await this.list({ host, limit: LOOKED_AT })).find(
        (one) => one.workflowId !== workflowId && one.closedAt !== null && one.verdict !== 'killed',
      );
      return known ? (await this.report(known.workflowId)).report.past : {};
    },
    /** How a suite has ended, or what it has seen so far. Throws `drill-not-found`. */
    async report(id: string): Promise<{ open: boolean; report: DrillSuiteReport }> {
      const workflowId = id.startsWith('drill-suite/') ? id : `drill-suite/${id}`;
      const handle = client.workflow.getHandle<typeof drillSuite>(workflowId);
      try {
        const open = (await handle.describe()).status.name === 'RUNNING';
        return { open, report: open ? await handle.query(suiteReportQuery) : await handle.result() };
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw noSuite(workflowId, error);
        throw translateError(error, workflowId);
      }
    },
  };
}

export type DrillSuites = ReturnType<typeof createDrillSuites>;

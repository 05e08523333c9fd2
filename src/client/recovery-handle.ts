import type { Client, QueryDefinition, UpdateDefinition, WorkflowHandle } from '@temporalio/client';
import type { z } from 'zod';
import {
  ApproveInputSchema,
  CompleteManualStepInputSchema,
  DecideInputSchema,
  DenyInputSchema,
  PauseInputSchema,
} from '../domain/approval.schema.ts';
import type { ApproveInput, CompleteManualStepInput, DecideInput, DenyInput, PauseInput } from '../domain/approval.ts';
import { isRerailError, RerailError } from '../domain/errors.ts';
import { parseInput } from '../domain/parse-input.ts';
import type { Plan } from '../domain/plan.ts';
import type { AllowedDecision, RecoverySnapshot, TimelineEntry } from '../domain/recovery.ts';
import type { RecoveryReport } from '../domain/report.ts';
import { WORKFLOW_TYPES } from '../domain/wire-names.ts';
import * as messages from '../workflows/messages.ts';
import type { recovery } from '../workflows/recovery.ts';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.ts';
import { translateError } from './errors.ts';

/** A kill does not wait longer for a worker that hangs. */
const LOOK_BEFORE_KILL_MS = 4000;

export interface DecideOptions {
  /** Deduplicates: the same id again gets the first answer. */
  updateId?: string;
}

export interface DescribedRecovery {
  workflowId: string;
  runId: string;
  open: boolean;
  /** Ended from outside: it has no report. */
  killed: boolean;
  startedAt: string;
  closedAt: string | null;
  target: string | null;
}

const notFound = (workflowId: string): RerailError =>
  new RerailError('recovery-not-found', `${workflowId} is not a recovery`, {
    remedy: 'List them with `rerail recovery list`.',
    nonRetryable: true,
  });

/** One recovery. Every method throws `recovery-not-found` or `server-unreachable` where that is so. */
export function createRecoveryHandle(client: Client, workflowId: string, runId?: string) {
  const handle: WorkflowHandle<typeof recovery> = client.workflow.getHandle(workflowId, runId);

  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw translateError(error, workflowId);
    }
  };
  /** Parsed inside the promise, so that bad input is a rejection like every other refusal. */
  const update = <In>(
    definition: UpdateDefinition<messages.MessageReceipt, [In]>,
    schema: z.ZodType<In>,
    input: unknown,
    what: string,
    options: DecideOptions = {},
  ) => guarded(() => handle.executeUpdate(definition, { args: [parseInput(schema, input, what)], ...options }));
  /** To be awaited before the next one: while a workflow is at work, a server keeps one query waiting and turns more away for seconds. */
  const query = <Out, Args extends unknown[]>(definition: QueryDefinition<Out, Args>, ...args: Args) =>
    guarded(() => handle.query(definition, ...args));

  /** A recovery is killed when nothing else helps: also when no worker is there to say what it has begun. */
  const begunWithUndo = async (): Promise<string[]> => {
    try {
      const { plan, actions } = await client.withDeadline(Date.now() + LOOK_BEFORE_KILL_MS, async () => ({
        plan: await query(messages.planQuery),
        actions: (await query(messages.statusQuery)).actions,
      }));
      const undoable = new Set(plan?.actions.flatMap(({ id, compensation }) => (compensation ? [id] : [])));
      return actions.flatMap(({ id, startedAt, status }) =>
        undoable.has(id) && startedAt !== undefined && status !== 'compensated' ? [id] : [],
      );
    } catch (error) {
      if (isRerailError(error) && error.code === 'recovery-not-found') throw error;
      return ['unknown, for no worker answered'];
    }
  };

  /** From the server alone: it needs no worker. Throws `recovery-not-found` also for a workflow that is no recovery. */
  const describe = (): Promise<DescribedRecovery> =>
    guarded(async () => {
      const found = await handle.describe();
      if (found.type !== WORKFLOW_TYPES.recovery) throw notFound(workflowId);
      const open = found.status.name === 'RUNNING';
      return {
        workflowId,
        runId: found.runId,
        open,
        killed: !open && found.status.name !== 'COMPLETED',
        startedAt: found.startTime.toISOString(),
        closedAt: found.closeTime?.toISOString() ?? null,
        target: found.typedSearchAttributes.get(SEARCH_ATTRIBUTES.target) ?? null,
      };
    });

  return {
    workflowId,
    runId,
    describe,
    /** The report of a closed recovery, from history; `wait` for an open one. Retention of the namespace applies. */
    result: (): Promise<RecoveryReport> => guarded(() => handle.result()),
    report: async (): Promise<RecoveryReport> => {
      const { status } = await guarded(() => handle.describe());
      if (status.name !== 'RUNNING') return guarded(() => handle.result());
      throw new RerailError('action-not-applicable', `${workflowId} is still open, its report is made when it closes`, {
        remedy: 'Wait for it with `rerail recovery watch`.',
      });
    },
    isOpen: async (): Promise<boolean> => (await guarded(() => handle.describe())).status.name === 'RUNNING',
    status: (): Promise<RecoverySnapshot> => query(messages.statusQuery),
    plan: (): Promise<Plan | null> => query(messages.planQuery),
    timeline: (after = 0): Promise<TimelineEntry[]> => query(messages.timelineQuery, { after }),
    allowedDecisions: (): Promise<AllowedDecision[]> => query(messages.allowedDecisionsQuery),
    /** Errors: `approval-refused` with the reason. */
    approve: (input: ApproveInput, options?: DecideOptions) =>
      update(messages.approveUpdate, ApproveInputSchema, input, 'the approval', options),
    deny: (input: DenyInput, options?: DecideOptions) =>
      update(messages.denyUpdate, DenyInputSchema, input, 'the denial', options),
    completeManualStep: (
      input: Omit<CompleteManualStepInput, 'outcome'> & { outcome?: 'done' | 'failed' },
      options?: DecideOptions,
    ) => update(messages.completeManualStepUpdate, CompleteManualStepInputSchema, input, 'the answer', options),
    decide: (input: DecideInput, options?: DecideOptions) =>
      update(messages.decideUpdate, DecideInputSchema, input, 'the decision', options),
    pause: (input: PauseInput) => update(messages.pauseUpdate, PauseInputSchema, input, 'the pause'),
    resume: (input: PauseInput) => update(messages.resumeUpdate, PauseInputSchema, input, 'the resume'),
    /** Without waiting for the answer: a wrong one is refused in the timeline only. */
    signalApproval: (input: ApproveInput): Promise<void> =>
      guarded(() => handle.signal(messages.approveSignal, parseInput(ApproveInputSchema, input, 'the approval'))),
    signalDenial: (input: DenyInput): Promise<void> =>
      guarded(() => handle.signal(messages.denySignal, parseInput(DenyInputSchema, input, 'the denial'))),
    /**
     * Ends it at once and undoes nothing. Answers with the actions that have begun and whose undo was not run: they are
     * left for a person, or for `continueRecovery`.
     */
    kill: async (input: PauseInput): Promise<{ left: string[] }> => {
      const { by, reason } = parseInput(PauseInputSchema, input, 'the kill');
      const left = await begunWithUndo();
      await guarded(() => handle.terminate(`killed by ${by}: ${reason}`));
      return { left };
    },
    /** Stops and undoes. Answers when the request is taken, not when it is done. */
    cancel: async (): Promise<void> => {
      await guarded(() => handle.cancel());
    },
  };
}

export type RecoveryHandle = ReturnType<typeof createRecoveryHandle>;

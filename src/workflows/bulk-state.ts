import { setCurrentDetails, upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { ClosedExecution } from '../activities/executions.ts';
import {
  exceedsErrors,
  keepLast,
  type BulkInput,
  type BulkReport,
  type BulkStatus,
  type TreatedExecution,
} from '../domain/bulk.ts';
import { SEARCH_ATTRIBUTES } from './search-attributes.ts';

/** What is known of single executions in the report; older successes are only counted. */
const KEPT_EXECUTIONS = 1000;

/** All of it travels over a continue-as-new. */
export interface BulkProgress {
  startedAt: string;
  /** The first run of this bulk: part of every request's id. */
  seed: string;
  found: number;
  /** Read from Visibility and not treated yet. */
  queue: ClosedExecution[];
  pageToken?: string;
  read: 'not yet' | 'partly' | 'all';
  paused: boolean;
  stopped: boolean;
  open: number;
  counts: { recovered: number; running: number; failed: number; skipped: number };
  executions: TreatedExecution[];
  changes: BulkReport['changes'];
  /** Milliseconds since 1970: no execution begins before. */
  nextAt: number;
}

export interface BulkState {
  readonly input: BulkInput;
  readonly progress: BulkProgress;
  status: BulkStatus;
  published: string;
}

export function createBulkState(input: BulkInput, carried: BulkProgress | undefined): BulkState {
  const { startTime, firstExecutionRunId } = workflowInfo();
  const progress: BulkProgress = carried ?? {
    startedAt: startTime.toISOString(),
    seed: firstExecutionRunId,
    found: 0,
    queue: [],
    read: 'not yet',
    paused: false,
    stopped: false,
    open: 0,
    counts: { recovered: 0, running: 0, failed: 0, skipped: 0 },
    executions: [],
    changes: [],
    nextAt: 0,
  };
  return { input, progress, status: progress.paused ? 'paused' : 'running', published: '' };
}

export function bulkReport({ input, progress, status }: BulkState): BulkReport {
  const { name, query, how, dryRun } = input;
  const { found, counts, open, executions, changes, startedAt, queue } = progress;
  const first = dryRun ? queue.map(({ workflowId }) => workflowId) : [];
  return {
    name,
    query,
    how,
    dryRun,
    status,
    found,
    counts: { ...counts, open },
    first,
    executions,
    changes,
    startedAt,
  };
}

export function note(state: BulkState, what: string, by: string, reason: string): void {
  state.progress.changes.push({ at: new Date().toISOString(), what, by, reason });
}

/** Writes down how one went, and stops the rest where too many went wrong. */
export function settle(state: BulkState, treated: Omit<TreatedExecution, 'at'>): void {
  const { progress, input } = state;
  progress.counts[treated.result] += 1;
  progress.executions = keepLast(
    [...progress.executions, { ...treated, at: new Date().toISOString() }],
    KEPT_EXECUTIONS,
  );
  const { recovered, running, failed } = progress.counts;
  if (progress.stopped || !exceedsErrors(input.maxErrors, { failed, treated: recovered + running + failed })) return;
  progress.stopped = true;
  note(
    state,
    'stopped',
    'rerail',
    `${failed} of ${recovered + running + failed} failed, more than ${input.maxErrors} may`,
  );
}

/** Shows the state where people look: Temporal's UI and lists. */
export function publish(state: BulkState, more = ''): void {
  const { input, progress, status } = state;
  const { recovered, running, failed, skipped } = progress.counts;
  const treated = recovered + running + failed + skipped;
  setCurrentDetails(
    [
      `**${status}**: ${treated} of ${progress.found} by ${input.how}${more}`,
      '',
      `recovered ${recovered} · running on ${running} · failed ${failed} · skipped ${skipped} · open ${progress.open}`,
      '',
      `query: \`${input.query}\``,
      '',
      `Stop it: \`rerail bulk stop ${input.name} --reason "…"\``,
    ].join('\n'),
  );
  // Each of these is an event of the history: only when the status changes.
  if (state.published === status) return;
  state.published = status;
  upsertSearchAttributes([{ key: SEARCH_ATTRIBUTES.status, value: status }]);
  upsertMemo({ found: progress.found, reason: input.reason, by: input.by });
}

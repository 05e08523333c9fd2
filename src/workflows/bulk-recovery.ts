import {
  CancellationScope,
  allHandlersFinished,
  condition,
  continueAsNew,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { BulkInput, BulkReport, BulkStatus } from '../domain/bulk.ts';
import { sharedActivities } from './activity-proxies.ts';
import { bulkReport, createBulkState, note, publish, settle, type BulkProgress, type BulkState } from './bulk-state.ts';
import { bulkProgressQuery } from './messages.ts';
import { enterBulkBreaker, tellBulkBreaker, type BulkLease } from './steps/bulk-breaker.ts';
import { handleBulkMessages } from './steps/handle-bulk-messages.ts';
import { saysSomething, treatExecution } from './steps/treat-execution.ts';

export interface BulkRecoveryInput extends BulkInput {
  /** Carried over continue-as-new. */
  carried?: BulkProgress;
  /** Executions after which the history is begun anew, besides when Temporal suggests it. */
  continueAfter?: number;
}

const PAGE = 100;
const FIRST_IDS = 20;
const CONTINUE_AFTER = 400;

/** Recovers many closed executions, paced, with pause and stop; each is treated once. The result says what became of each. */
export async function bulkRecovery(given: BulkRecoveryInput): Promise<BulkReport> {
  const { carried, continueAfter = CONTINUE_AFTER, ...input } = given;
  const state = createBulkState(input, carried);
  setHandler(bulkProgressQuery, () => bulkReport(state), { description: 'Counts, and what became of each execution' });
  handleBulkMessages(state);
  let status: BulkStatus;
  try {
    if (state.progress.read === 'not yet') await readPage(state, input.dryRun ? FIRST_IDS : PAGE);
    publish(state);
    status = input.dryRun ? 'dry-run' : await treatAll(state, continueAfter);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    note(state, 'cancelled', 'temporal', 'cancellation was asked for');
    status = 'cancelled';
  }
  return CancellationScope.nonCancellable(async () => {
    await condition(allHandlersFinished);
    state.status = status;
    publish(state);
    return bulkReport(state);
  });
}

const reading = (summary: string) => sharedActivities({ timeout: '20s', summary });

async function readPage({ input, progress }: BulkState, pageSize: number): Promise<void> {
  const { query } = input;
  if (progress.read === 'not yet') progress.found = (await reading('count').countExecutions({ query })).count;
  const { pageToken } = progress;
  const page = await reading('read a page').listExecutions({ query, pageSize, ...(pageToken ? { pageToken } : {}) });
  progress.queue.push(...page.executions);
  delete progress.pageToken;
  if (page.nextPageToken !== undefined) progress.pageToken = page.nextPageToken;
  progress.read = page.nextPageToken === undefined ? 'all' : 'partly';
}

async function treatAll(state: BulkState, continueAfter: number): Promise<BulkStatus> {
  const { input, progress } = state;
  let begun = 0;
  const stopped = (): boolean => progress.stopped;
  try {
    for (;;) {
      if (progress.queue.length === 0 && progress.read === 'partly') await readPage(state, PAGE);
      if (progress.queue.length === 0 || stopped()) break;
      if (workflowInfo().continueAsNewSuggested || begun >= continueAfter) return await beginAnew(state, continueAfter);
      if (!(await isTurn(state))) continue;
      const lease = input.breaker === undefined ? {} : await enterBulkBreaker(state, input.breaker);
      // Stopped or paused while the breaker was shut: what it has let through is given back.
      if (stopped() || progress.paused || !lease) {
        if (lease) await tellBulkBreaker(state, lease, null);
        continue;
      }
      const execution = progress.queue.shift();
      if (!execution) continue;
      progress.nextAt = Date.now() + 60_000 / input.ratePerMinute;
      progress.open += 1;
      begun += 1;
      void treat(state, execution, lease);
    }
    await condition(() => progress.open === 0);
    return stopped() ? 'stopped' : 'done';
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => condition(() => progress.open === 0));
    throw error;
  }
}

/** Waits until another one may begin. False: something has changed, look again. */
async function isTurn({ input, progress }: BulkState): Promise<boolean> {
  const stopped = (): boolean => progress.stopped;
  if (progress.paused) {
    await condition(() => !progress.paused || stopped());
    return false;
  }
  if (progress.open >= input.maxConcurrent) {
    await condition(() => progress.open < input.maxConcurrent || stopped());
    return false;
  }
  const waitMs = Math.ceil(progress.nextAt - Date.now());
  if (waitMs <= 0) return true;
  await condition(() => stopped() || progress.paused, waitMs, { summary: `${input.ratePerMinute} a minute` });
  return false;
}

/** Never throws: nobody awaits it. */
async function treat(
  state: BulkState,
  execution: { workflowId: string; runId: string },
  lease: BulkLease,
): Promise<void> {
  const started = Date.now();
  try {
    const treated = await treatExecution(state, execution);
    settle(state, treated);
    await tellBulkBreaker(
      state,
      lease,
      saysSomething(treated) ? { ok: treated.result !== 'failed', durationMs: Date.now() - started } : null,
    );
  } catch (error) {
    if (!isCancellation(error)) throw error;
    settle(state, { ...execution, result: 'skipped', note: 'the bulk was cancelled while it was treated' });
  } finally {
    state.progress.open -= 1;
    publish(state);
  }
}

/** A new history for the rest, once those under way are settled and nobody waits for an answer. */
async function beginAnew({ input, progress }: BulkState, continueAfter: number): Promise<never> {
  await condition(() => progress.open === 0);
  await condition(allHandlersFinished);
  return continueAsNew<typeof bulkRecovery>({ ...input, carried: progress, continueAfter });
}

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import type { temporal } from '@temporalio/proto';
import { describe, expect, it } from 'vitest';
import { DROPPED_SPANS } from '../../src/telemetry/tracing/dropped-spans.ts';
import type { Harness } from '../support/harness.ts';
import { newHarnessForEach, sharedHarness } from '../support/new-harness.ts';
import { workflowBundle } from '../support/server.ts';
import { PATHS, PATHS_RECORDED_AGAIN, PLAYBOOKS, type Path } from './paths.ts';

type History = temporal.api.history.v1.IHistory;

const FOLDER = fileURLToPath(new URL('./histories', import.meta.url));
const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

const localActivities = ({ events }: History) =>
  (events ?? []).filter(
    ({ markerRecordedEventAttributes }) => markerRecordedEventAttributes?.markerName === 'core_local_activity',
  );

const replay = (name: string, history: unknown) =>
  Worker.runReplayHistory({ workflowBundle: workflowBundle(), sinks: DROPPED_SPANS }, history, name);

describe('recorded histories', () => {
  it('has one for every path', () => {
    expect(
      [...PATHS, ...PATHS_RECORDED_AGAIN].map(({ name }) => `${name}.json`).filter((name) => !files.includes(name)),
    ).toEqual([]);
  });

  it.each(files)('%s replays with the workflows of today', async (name) => {
    const history = JSON.parse(readFileSync(path.join(FOLDER, name), 'utf8')) as unknown;
    await replay(name, history);
  });
});

/**
 * Nobody speaks to these while they are under way. Without a cache, the SDK (1.24) may drop a task that comes while the one before
 * it ends: the server waits 10 s then, and a message meets a workflow that is not yet where a query has shown it.
 */
const UNASKED = [
  'bulk-dry-run',
  'notification-sent',
  'recovery-aborted',
  'recovery-approval-timed-out',
  'recovery-deadline',
  'recovery-escalated',
  'recovery-recovered-by-retry',
  'recovery-resumed',
  'recovery-rolled-back',
  'recovery-skipped',
  'run-parallel-conditions-and-kinds',
  'run-recovered',
  'run-rolled-back-and-run-again',
  'run-stopped-with-compensation',
  'run-succeeded',
  'store-care-that-finds-nothing',
  'store-care-that-repairs',
  'transaction-committed-after-retry',
  'transaction-undone-with-failing-undo',
];
const [unasked, asked] = [true, false].map((alone) => PATHS.filter(({ name }) => UNASKED.includes(name) === alone)) as [
  Path[],
  Path[],
];

/** Returns the history. */
async function endsAsEver({ name, play }: Path, harness: Harness): Promise<History> {
  const workflowId = await play(harness);
  const handle = harness.client.workflow.getHandle(workflowId);
  const { status } = await handle.describe();
  const stays = /^(ledger|breaker|notifier|service-state)\//.test(workflowId) && name !== 'ledger-never-used';
  expect(status.name).toBe(stays ? 'RUNNING' : 'COMPLETED');
  const history = await handle.fetchHistory();
  // One that is queried while its result comes may not replay (docs/decisions/0022).
  expect(localActivities(history)).toEqual([]);
  return history;
}

/** Their ids are not of the target but of the host or the queue, which a shared harness keeps. */
const OF_ITS_HARNESS = /^(bulk|ledger|notif|transaction)/;
const [apart, together] = [true, false].map((alone) =>
  asked.filter(({ name }) => OF_ITS_HARNESS.test(name) === alone),
) as [Path[], Path[]];

describe('without a cache, so that every task replays from the start', () => {
  const harness = newHarnessForEach(PLAYBOOKS, { maxCachedWorkflows: 0 });

  it.each(unasked)('$name ends as ever', async (way) => void (await endsAsEver(way, harness)));
});

describe('with a cache', () => {
  const harness = sharedHarness(PLAYBOOKS);

  it.each(together)('$name ends as ever, and replays', async (way) => replay(way.name, await endsAsEver(way, harness)));
});

describe('with a cache, and workers of their own', () => {
  const harness = newHarnessForEach(PLAYBOOKS);

  it.each(apart)('$name ends as ever, and replays', async (way) => replay(way.name, await endsAsEver(way, harness)));
});

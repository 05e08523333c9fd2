import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { ActivityVerb, PendingActivity } from '../../../src/client/pending-activities.ts';
import { until } from '../../support/harness.ts';
import { failure } from '../../support/rejection.ts';
import { harness } from './harness.ts';

const BY = { by: 'ada', reason: 'a test' };

async function start() {
  harness.users['ship'] = () => {
    throw ApplicationFailure.create({ message: 'the van broke down' });
  };
  const handle = await harness.client.workflow.start('stuck', {
    taskQueue: harness.taskQueue,
    workflowId: `stuck-${randomUUID()}`,
    args: [{}],
  });
  const { workflowId } = handle;
  const found = await until(() => one({ workflowId, failing: true, minAttempts: 2 }), 'the failed attempt');
  return { handle, workflowId, found };
}

const one = async (options: object): Promise<PendingActivity | undefined> =>
  (await harness.recoveries.pendingActivities.find(options))[0];

const act = (verb: ActivityVerb, pending: PendingActivity) =>
  harness.recoveries.pendingActivities.act(verb, pending, BY);

describe('activities that fail and are tried again', () => {
  it('are found by workflow and by query, with their last failure and the next attempt', async () => {
    const { handle, workflowId, found } = await start();
    expect(found).toMatchObject({
      workflowId,
      type: 'ship',
      attempt: 2,
      paused: false,
      lastFailure: 'the van broke down',
    });
    expect(Date.parse(found.nextAttemptAt!)).toBeGreaterThan(Date.now());
    const query = `WorkflowId = '${workflowId}'`;
    await until(async () => (await one({ query, failing: true }))?.workflowId === workflowId, 'the list');
    expect(await one({ query, minAttempts: 3 })).toBeUndefined();
    const { pendingActivities } = harness.recoveries;
    expect(await failure(pendingActivities.find({ query: 'nonsense' }))).toMatchObject({ code: 'invalid-input' });
    expect(await failure(pendingActivities.find({ workflowId: 'nobody' }))).toMatchObject({
      code: 'execution-not-found',
    });
    await handle.terminate();
  });

  it('are retried now instead of in an hour', async () => {
    const { handle, found } = await start();
    harness.users['ship'] = () => 'by train';
    expect(await act('retry-now', found)).toBe(true);
    expect(await handle.result()).toBe('by train');
    expect(await act('retry-now', found)).toBe(false);
  });

  it('are paused, stay so, and go on when they are unpaused', async () => {
    const { handle, workflowId, found } = await start();
    expect(await act('pause', found)).toBe(true);
    await until(async () => (await one({ workflowId }))?.paused, 'the pause');
    harness.users['ship'] = () => 'by train';
    await act('unpause', found);
    expect(await handle.result()).toBe('by train');
  });

  it('are reset to their first attempt', async () => {
    const { workflowId, found, handle } = await start();
    const seen = harness.seen.length;
    await act('reset', found);
    await until(
      async () => harness.seen.length > seen && (await one({ workflowId, failing: true }))?.attempt === 2,
      'the next try',
    );
    await handle.terminate();
  });
});

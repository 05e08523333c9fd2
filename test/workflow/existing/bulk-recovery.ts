import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { BulkInputGiven } from '../../../src/domain/bulk.ts';
import { until } from '../../support/harness.ts';
import { failure } from '../../support/rejection.ts';
import { harness } from './harness.ts';

const BY = { by: 'ada', reason: 'a test' };

const broken = (): never => {
  throw ApplicationFailure.create({ message: 'the van broke down' });
};

/** So many executions that fail at their second activity, and the query that finds them. */
async function failed(count: number): Promise<{ ids: string[]; query: string }> {
  harness.users['ship'] = broken;
  const { taskQueue, client } = harness;
  const prefix = `parcel-${randomUUID().slice(0, 8)}`;
  const ids = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const workflowId = `${prefix}-${index}`;
      const memo = { colour: 'blue' };
      const handle = await client.workflow.start('parcel', { taskQueue, workflowId, args: [{ index }], memo });
      await handle.result().catch(() => undefined);
      return workflowId;
    }),
  );
  const query = `WorkflowType = 'parcel' AND WorkflowId STARTS_WITH '${prefix}'`;
  await until(
    async () => (await client.workflow.count(`${query} AND ExecutionStatus = 'Failed'`)).count === count,
    'the list',
  );
  delete harness.users['ship'];
  harness.seen.length = 0;
  return { ids, query };
}

async function bulk(given: Partial<BulkInputGiven> & { query: string }) {
  const { bulks } = harness.recoveries;
  const name = `incident-${randomUUID().slice(0, 8)}`;
  const pace = { ratePerMinute: 6000, watchFor: '10s' as const, dryRun: false };
  await bulks.start({ name, ...pace, ...BY, ...given });
  return { name, progress: () => bulks.progress(name), result: () => bulks.result(name) };
}

const shipped = () => harness.seen.filter(({ name }) => name === 'ship').length;

describe('one closed execution', () => {
  it('is reset to before the step that failed, so that the steps before it are not done again', async () => {
    const { ids } = await failed(1);
    const { executions } = harness.recoveries;
    const input = { workflowId: ids[0]!, reason: 'mended', requestId: 'r1' };
    const done = await executions.recover(input);
    expect(await harness.client.workflow.getHandle(ids[0]!).result()).toMatchObject({ sent: 'ship done' });
    expect(harness.seen.map(({ name }) => name)).toEqual(['ship']);
    expect(await executions.look(ids[0]!, done.newRunId)).toEqual({ result: 'recovered' });
    // It does not fail any more; the same request again would find what it has done.
    expect(await failure(executions.recover(input))).toMatchObject({ code: 'action-not-applicable' });
    expect(await failure(executions.recover({ ...input, workflowId: 'nobody' }))).toMatchObject({
      code: 'execution-not-found',
    });
  });

  it('is started again with the input, the queue and the memo that it had', async () => {
    const { ids } = await failed(1);
    await harness.recoveries.executions.recover({ workflowId: ids[0]!, how: 'restart', reason: 'mended' });
    const handle = harness.client.workflow.getHandle(ids[0]!);
    await handle.result();
    expect(harness.seen).toEqual([
      { name: 'reserve', args: ['book', 1] },
      { name: 'ship', args: [{ index: 0 }] },
    ]);
    expect(await handle.describe()).toMatchObject({ memo: { colour: 'blue' }, taskQueue: harness.taskQueue });
  });
});

describe('a bulk recovery', () => {
  it('of thirty says first what it would do, then does it, each once and paced, and begins new histories', async () => {
    const { query, ids } = await failed(30);
    const dry = await bulk({ query, dryRun: true });
    expect(await dry.result()).toMatchObject({ status: 'dry-run', found: 30, counts: { recovered: 0 } });
    expect((await dry.result()).first).toHaveLength(20);
    expect(await harness.recoveries.bulks.preview({ name: 'x', query, ...BY })).toMatchObject({
      found: 30,
      dryRun: true,
    });
    expect(shipped()).toBe(0);

    const { client, taskQueue } = harness;
    const name = `incident-${randomUUID().slice(0, 8)}`;
    const input = { name, query, how: 'reset', maxConcurrent: 5, ratePerMinute: 3000, maxErrors: 0, watchFor: '10s' };
    const more = { maxFailures: 3, dryRun: false, ...BY, continueAfter: 12 };
    const startedAt = Date.now();
    await client.workflow.start('bulkRecovery', {
      taskQueue,
      workflowId: `bulk/${name}`,
      args: [{ ...input, ...more }],
    });
    const report = await harness.recoveries.bulks.result(name);
    expect(report).toMatchObject({
      status: 'done',
      found: 30,
      counts: { recovered: 30, failed: 0, skipped: 0, open: 0 },
    });
    expect(new Set(report.executions.map(({ workflowId }) => workflowId))).toEqual(new Set(ids));
    expect(shipped()).toBe(30);
    // 29 pauses of 20 ms lie between them.
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(29 * 20);
    const runs = await client.workflow.count(`WorkflowId = 'bulk/${name}' AND ExecutionStatus = 'ContinuedAsNew'`);
    expect(runs.count).toBe(2);
  });

  it('stops by itself after too many errors, and leaves alone what goes on or has failed too often', async () => {
    const { query } = await failed(6);
    harness.users['ship'] = broken;
    const stopped = await (await bulk({ query, maxConcurrent: 1, maxErrors: 1 })).result();
    expect(stopped).toMatchObject({ status: 'stopped', counts: { failed: 2, recovered: 0 } });
    expect(stopped.changes).toMatchObject([{ what: 'stopped', by: 'rerail' }]);
    expect(stopped.executions[0]).toMatchObject({ result: 'failed', note: 'the van broke down' });
    expect(shipped()).toBe(2);
    // The two that were reset have a newer run; of those only the newest counts, and two failures are enough here.
    delete harness.users['ship'];
    await until(
      async () => (await harness.client.workflow.count(`${query} AND ExecutionStatus = 'Failed'`)).count === 8,
      'the list',
    );
    const second = await (await bulk({ query, maxFailures: 1 })).result();
    expect(second).toMatchObject({ status: 'done', counts: { recovered: 4, skipped: 4 } });
    const notes = second.executions.flatMap(({ note = '' }) => note.replace(/run [-0-9a-f]+/, 'run')).filter(Boolean);
    expect(notes.sort()).toEqual([
      'a newer run is failed',
      'a newer run is failed',
      'it has failed 2 times already: look at it by hand',
      'it has failed 2 times already: look at it by hand',
    ]);
  });

  it('is paused, resumed and stopped by hand, each with who and why', async () => {
    const { query } = await failed(4);
    const { bulks } = harness.recoveries;
    const slow = await bulk({ query, ratePerMinute: 1, maxConcurrent: 1 });
    await until(async () => (await slow.progress()).counts.recovered === 1, 'the first');
    expect(await bulks.pause(slow.name, BY)).toMatchObject({ status: 'paused' });
    expect(await failure(bulks.pause(slow.name, BY))).toMatchObject({ code: 'decision-refused' });
    expect(await failure(bulks.start({ name: slow.name, query, ...BY }))).toMatchObject({ code: 'target-locked' });
    expect(await bulks.resume(slow.name, BY)).toMatchObject({ status: 'running' });
    await until(
      async () => (await bulks.list()).some(({ name, by }) => name === slow.name && by === 'ada'),
      'the list',
    );
    await bulks.stop(slow.name, { by: 'bob', reason: 'enough' });
    const report = await slow.result();
    expect(report).toMatchObject({ status: 'stopped', counts: { recovered: 1 } });
    expect(report.changes.map(({ what, by }) => `${what} ${by}`)).toEqual(['paused ada', 'resumed ada', 'stopped bob']);
    expect(await failure(bulks.stop(slow.name, BY))).toMatchObject({ code: expect.any(String) as string });
    // What was stopped is begun again under the same name, and goes on with the rest.
    await bulks.start({ name: slow.name, query, ratePerMinute: 6000, dryRun: false, watchFor: '10s', ...BY });
    expect(await bulks.result(slow.name)).toMatchObject({ counts: { recovered: 3, skipped: 1 } });
  });

  it('is paced by a circuit breaker, which hears how each one went', async () => {
    const { query } = await failed(3);
    const { breakers } = harness.recoveries;
    const breaker = `db-${randomUUID().slice(0, 8)}`;
    await breakers.forceOpen(breaker, BY);
    const held = await bulk({ query, breaker, how: 'restart' });
    const { client } = harness;
    const asked = async () => (await client.workflow.getHandle(`bulk/${held.name}`).fetchHistory()).events ?? [];
    await until(
      async () =>
        (await asked()).some(
          ({ activityTaskScheduledEventAttributes: it }) => it?.activityType?.name === 'acquireBreaker',
        ),
      'the question',
    );
    expect((await held.progress()).counts).toMatchObject({ recovered: 0, open: 0 });
    await breakers.reset(breaker, BY);
    expect(await held.result()).toMatchObject({ status: 'done', counts: { recovered: 3 } });
    await until(async () => (await breakers.status(breaker)).counts.calls === 3, 'the reports');
  });

  it('refuses what is wrong and changes nothing', async () => {
    const { bulks } = harness.recoveries;
    const wrong = (given: object) => failure(bulks.start({ name: 'x', query: 'WorkflowType = 1', ...BY, ...given }));
    expect(await wrong({ query: 'nonsense' })).toMatchObject({ code: 'invalid-input' });
    expect((await wrong({ maxErrors: 'some', query: 'x' })).message).toContain('maxErrors');
    expect((await wrong({ by: '' })).message).toContain('by');
    expect(await failure(bulks.progress('nobody'))).toMatchObject({ code: 'bulk-not-found' });
    expect(await failure(bulks.unschedule('nobody'))).toMatchObject({ code: 'bulk-not-found' });
  });

  it('is run by a schedule every so often', async () => {
    const { query, ids } = await failed(1);
    const { bulks } = harness.recoveries;
    const name = `nightly-${randomUUID().slice(0, 8)}`;
    const input = { name, query, dryRun: false, ...BY };
    expect(await bulks.schedule(input, '10m')).toMatchObject({ replaced: false });
    expect(await bulks.schedule({ ...input, how: 'restart' }, '5m')).toMatchObject({ replaced: true });
    await harness.client.schedule.getHandle(`bulk/${name}`).trigger();
    await until(
      async () => (await harness.client.workflow.getHandle(ids[0]!).describe()).status.name === 'COMPLETED',
      'the recovery of the execution',
    );
    expect(harness.seen.map(({ name: activity }) => activity)).toEqual(['reserve', 'ship']);
    await bulks.unschedule(name);
  });
});

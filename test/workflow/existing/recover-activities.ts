import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/harness.ts';
import { harness } from './harness.ts';

const BY = { by: 'ada', reason: 'a test' };

/** Fails so many times with an error type, then works. */
function failing(type: string, times = Number.POSITIVE_INFINITY): () => string {
  let left = times;
  return () => {
    if (left-- > 0) throw ApplicationFailure.create({ message: `card refused: ${type}`, type });
    return 'paid';
  };
}

async function start(type: string, order: unknown = { target: harness.target, amount: 7 }) {
  return harness.client.workflow.start(type, {
    taskQueue: harness.taskQueue,
    workflowId: `${type}-${randomUUID()}`,
    args: [order],
  });
}

const causeOf = (error: unknown): Error => {
  let link = error as Error;
  while (link.cause instanceof Error) link = link.cause;
  return link;
};

const parked = async () => {
  const handle = harness.recoveries.getHandle(harness.target);
  await until(async () => {
    try {
      return (await handle.status()).waitingFor !== undefined;
    } catch {
      return false;
    }
  }, 'the recovery to wait');
  return handle;
};

describe('an activity that has spent its retries', () => {
  it('is retried by a recovery, with its input on its queue, and the workflow goes on with the output', async () => {
    harness.users['charge'] = failing('E-RETRY', 2);
    const handle = await start('orderCharge');
    expect(await handle.result()).toEqual({ charged: 'paid' });
    expect(harness.seen.map(({ args }) => args)).toEqual(Array(3).fill([{ target: harness.target, amount: 7 }]));
    const report = await harness.recoveries.getHandle(harness.target).result();
    expect(report).toMatchObject({
      status: 'recovered',
      resolvedBy: 'retry',
      failure: {
        code: 'E-RETRY',
        message: 'orderCharge/charge: card refused: E-RETRY',
        labels: {
          workflowId: handle.workflowId,
          runId: handle.firstExecutionRunId,
          workflowType: 'orderCharge',
          step: 'charge',
        },
        operation: { kind: 'activity', name: 'charge', taskQueue: harness.taskQueue, timeout: '10s' },
      },
    });
  });

  it('is retried with the input that a person gives instead', async () => {
    harness.users['charge'] = ({ amount }: { amount: number }) =>
      amount === 7 ? failing('E-ASK')() : `paid ${amount}`;
    const handle = await start('orderCharge');
    const recovery = await parked();
    await recovery.decide({
      ...BY,
      actionId: 'retry',
      decision: 'retry',
      input: { target: harness.target, amount: 5 },
    });
    expect(await handle.result()).toEqual({ charged: 'paid 5' });
  });

  it('gives the output that a person supplies', async () => {
    harness.users['charge'] = failing('E-ASK');
    const handle = await start('orderCharge');
    await (await parked()).decide({ ...BY, actionId: 'retry', decision: 'supply', output: { receipt: 'by hand' } });
    expect(await handle.result()).toEqual({ charged: { receipt: 'by hand' } });
  });

  it('gives the declared fallback when it is left out, and is not left out without one', async () => {
    harness.users['charge'] = harness.users['ship'] = failing('E-SKIP');
    expect(await (await start('orderCharge')).result()).toEqual({ charged: 'later' });
    const error = await (await start('orderShip')).result().catch(causeOf);
    expect(error).toMatchObject({ message: 'card refused: E-SKIP' });
  });

  it.each(['E-ESCALATE', 'E-ABORT'])('throws its own error when the recovery ends otherwise: %s', async (type) => {
    harness.users['charge'] = failing(type);
    const error = await (await start('orderCharge')).result().catch(causeOf);
    expect(error).toMatchObject({ message: `card refused: ${type}`, type });
    expect(harness.seen).toHaveLength(1);
  });

  it('throws its own error when the recovery is cancelled', async () => {
    harness.users['charge'] = failing('E-HOLD');
    const handle = await start('orderCharge');
    await (await parked()).cancel();
    expect(await handle.result().catch(causeOf)).toMatchObject({ type: 'E-HOLD' });
  });

  it('cancels its recovery when the workflow is cancelled', async () => {
    harness.users['charge'] = failing('E-HOLD');
    const handle = await start('orderCharge');
    const recovery = await parked();
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect(await recovery.result()).toMatchObject({ status: 'cancelled' });
  });

  it('with several arguments is done again by its workflow, which the recovery asks', async () => {
    harness.users['reserve'] = failing('E-RETRY', 2);
    const handle = await start('orderReserve');
    expect(await handle.result()).toBe('paid');
    expect(harness.seen).toEqual(Array(3).fill({ name: 'reserve', args: ['book', 2] }));
    expect(harness.calls.filter((call) => call === 'retryInWorkflow')).toHaveLength(2);
  });

  it('is recovered too where it is a local one: by the recovery, or by its workflow', async () => {
    harness.users['charge'] = failing('E-RETRY', 3);
    harness.users['reserve'] = failing('E-RETRY', 3);
    const handle = await start('orderLocally');
    expect(await handle.result()).toEqual({ charged: 'paid', reserved: 'paid' });
    // Two tries of its own, one that the recovery has seen fail, and the one that worked.
    expect(harness.seen.map(({ name }) => name)).toEqual([
      ...Array<string>(4).fill('charge'),
      ...Array<string>(4).fill('reserve'),
    ]);
  });

  it('opens one recovery for each target at the same time, and none for what no rule names', async () => {
    harness.users['charge'] = failing('E-RETRY', 3);
    expect(await (await start('orderBoth')).result()).toEqual(['paid', 'paid']);
    harness.users['ship'] = failing('E-RETRY');
    await expect((await start('parcel')).result()).rejects.toThrow();
    expect(harness.calls.filter((call) => call === 'startRecovery')).toHaveLength(2);
  });

  it('of a workflow that joined another one’s recovery is done again when that is over', async () => {
    harness.users['charge'] = failing('E-HOLD', 2);
    const first = await start('orderCharge');
    const recovery = await parked();
    const second = await start('orderCharge');
    await until(async () => (await recovery.status()).joined === 1, 'the second to join');
    await recovery.completeManualStep({ by: 'ada', actionId: 'fix', outcome: 'done' });
    const ended = await Promise.all([first, second].map((handle) => handle.result()));
    expect(ended).toEqual([{ charged: 'paid' }, { charged: 'paid' }]);
    // Each failed; then the recovery did the first one's, and the second workflow its own.
    expect(harness.seen).toHaveLength(4);
  });
});

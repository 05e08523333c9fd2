import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/harness.ts';
import { harness } from './harness.ts';

const BY = { by: 'ada', reason: 'a test' };

function failing(type: string, times = Number.POSITIVE_INFINITY): () => string {
  let left = times;
  return () => {
    if (left-- > 0) throw ApplicationFailure.create({ message: `refused: ${type}`, type });
    return 'paid';
  };
}

const start = (options: object = {}) =>
  harness.client.workflow.start('explicit', {
    taskQueue: harness.taskQueue,
    workflowId: `explicit-${randomUUID()}`,
    args: [{ target: harness.target, ...options }],
  });

describe('withRecovery', () => {
  it('has the workflow do its own step again, and gives that result', async () => {
    harness.users['charge'] = failing('E-RETRY', 2);
    expect(await (await start()).result()).toEqual({ result: 'paid', tries: 3 });
    expect(await harness.recoveries.getHandle(harness.target).result()).toMatchObject({
      status: 'recovered',
      failure: { code: 'E-RETRY', operation: { name: 'retryInWorkflow' }, labels: { step: 'pay' } },
    });
  });

  it('gives the output of the operation that the recovery did instead', async () => {
    harness.users['charge'] = failing('E-RETRY');
    harness.users['ship'] = () => 'shipped';
    expect(await (await start({ withOperation: true })).result()).toEqual({ result: 'shipped', tries: 1 });
  });

  it('takes a supplied output, a fallback of the plan and its own', async () => {
    harness.users['charge'] = failing('E-ASK');
    const asked = await start({ withFallback: true });
    const recovery = harness.recoveries.getHandle(harness.target);
    await until(async () => (await recovery.status().catch(() => undefined))?.waitingFor !== undefined, 'the decision');
    // Its input is the workflow's own business.
    await expect(
      recovery.decide({
        ...BY,
        actionId: 'retry',
        decision: 'retry',
        input: { workflowId: 'x', runId: 'y', key: 'z' },
      }),
    ).rejects.toThrow(/does not fit the action's schema/);
    await recovery.decide({ ...BY, actionId: 'retry', decision: 'supply', output: 5 });
    expect(await asked.result()).toMatchObject({ result: 5 });

    harness.users['charge'] = failing('E-SKIP');
    expect(await (await start({ withFallback: true })).result()).toMatchObject({ result: 'fallback' });

    harness.users['charge'] = failing('E-STAND-IN');
    harness.fakes['noop'] = () => 'cached';
    expect(await (await start()).result()).toMatchObject({ result: 'cached' });
  });

  it('throws the error of the step when the recovery gives up', async () => {
    harness.users['charge'] = failing('E-ESCALATE');
    const error = (await (await start()).result().catch((reason: Error) => reason.cause)) as Error;
    expect(error.cause).toMatchObject({ type: 'E-ESCALATE' });
  });
});

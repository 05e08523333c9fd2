import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { bundleWorkflowCode, NativeConnection, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { until } from '../support/harness.ts';
import type * as workflows from '../support/saga-workflows.ts';

const silent = () => undefined;
const logger = { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent };
const taskQueue = `saga-${randomUUID()}`;
const calls: string[] = [];
let workflowBundle: WorkflowBundleWithSourceMap;
let connection: NativeConnection;
let client: Client;
let worker: Worker;
let running: Promise<void>;

const activities: workflows.ShopActivities & { [name: string]: (word: string) => Promise<string> } = {
  act(word) {
    calls.push(word);
    if (word.includes('fail ') && !word.startsWith('undo'))
      return Promise.reject(ApplicationFailure.nonRetryable(`cannot ${word}`, 'shop-failed'));
    return Promise.resolve(`<${word}>`);
  },
  async hang(word) {
    calls.push(`hang ${word}`);
    const { cancelled, heartbeat } = Context.current();
    const beat = setInterval(() => heartbeat(), 20);
    try {
      return await cancelled;
    } finally {
      clearInterval(beat);
      calls.push(`stopped ${word}`);
    }
  },
};

beforeAll(async () => {
  const workflowsPath = fileURLToPath(new URL('../support/saga-workflows.ts', import.meta.url));
  workflowBundle = await bundleWorkflowCode({ workflowsPath, logger });
  connection = await NativeConnection.connect({ address: inject('serverAddress') });
  client = new Client({ connection });
  worker = await Worker.create({ connection, taskQueue, workflowBundle, activities, maxHeartbeatThrottleInterval: 50 });
  running = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await running;
  await connection.close();
});

let workflowId: string;
beforeEach(() => {
  workflowId = randomUUID();
  calls.length = 0;
});
/** Every history replays with the code that made it. */
afterEach(async () => {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
});

const start = (type: keyof typeof workflows) => client.workflow.start(type, { workflowId, taskQueue });

async function failureOf(type: keyof typeof workflows): Promise<Error> {
  const error: unknown = await (await start(type)).result().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  return (error as WorkflowFailedError).cause as Error;
}

it('gives what its body gives and undoes nothing', async () => {
  expect(await (await start('commits')).result()).toBe('<a> and <b>');
  expect(calls).toEqual(['a', 'b']);
});

it('undoes newest first with the results, without one where it is not known, and throws the first error', async () => {
  expect((await failureOf('failsAtThird')).cause).toMatchObject({ message: 'cannot fail c', type: 'shop-failed' });
  expect(calls).toEqual(['a', 'b', 'fail c', 'undo fail c unknown', 'undo b <b>', 'undo a <a>']);
});

it('undoes after a cancellation, when the step has really stopped', async () => {
  const handle = await start('hangs');
  await until(() => Promise.resolve(calls.includes('hang b')), 'the second step');
  await handle.cancel();
  const error: unknown = await handle.result().catch((reason: unknown) => reason);
  expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  expect(calls).toEqual(['a', 'hang b', 'stopped b', 'undo b unknown', 'undo a <a>']);
});

it('goes on after a failing undo and names both errors', async () => {
  const error = await failureOf('undoFails');
  expect(error).toMatchObject({
    type: 'saga-undo-failed',
    message: 'no stock; the undo of a failed: cannot fail undo a',
    details: [{ details: { failed: [{ step: 'a', message: 'cannot fail undo a' }] } }],
    cause: { message: 'no stock', type: 'out-of-stock' },
  });
  expect(calls).toEqual(['first', 'a', 'b', 'undo b <b>', 'fail undo a', 'undo first <first>']);
});

it('tries an undo again for who asks for it', async () => {
  expect(await (await start('undoMended')).result()).toBe('no stock');
  expect(calls).toEqual(['a', 'fail undo', 'fail undo', 'undone']);
});

it('stops what runs beside a failing step, before the first undo', async () => {
  await failureOf('parallelFails');
  expect(calls.slice(0, 4).sort()).toEqual(['before', 'fail right', 'hang middle', 'left']);
  expect(calls.slice(4)).toEqual([
    'stopped middle',
    'undo fail right unknown',
    'undo middle unknown',
    'undo left <left>',
    'undo before <before>',
  ]);
});

it('waits for steps that were left running, undoes them too, and begins no other', async () => {
  await failureOf('looseFails');
  expect(calls.slice(2)).toEqual(['stopped middle', 'undo fail right unknown', 'undo middle half done']);
});

it('gives the results of parallel branches in their order', async () => {
  expect(await (await start('parallelWorks')).result()).toEqual(['<x>', 7]);
});

it('composes: an inner saga that was done is undone with the outer one, a failed one by itself', async () => {
  await failureOf('nested');
  expect(calls).toEqual([
    'outer 1',
    'inner 1',
    'inner 2',
    'optional',
    'fail optional',
    'undo fail optional unknown',
    'undo optional <optional>',
    'fail outer 2',
    'undo fail outer 2 unknown',
    'undo inner 2 <inner 2>',
    'undo inner 1 <inner 1>',
    'undo outer 1 <outer 1>',
  ]);
});

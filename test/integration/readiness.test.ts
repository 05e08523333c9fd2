import { Client, Connection } from '@temporalio/client';
import { afterEach, expect, inject, it } from 'vitest';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { createTestApi } from '../support/api.ts';
import { sharedHarness } from '../support/new-harness.ts';

const harness = sharedHarness('');

const connections: Connection[] = [];
afterEach(() => Promise.all(connections.splice(0).map((connection) => connection.close())));

function clientOf({ address = inject('serverAddress'), namespace = 'default', taskQueue = harness.taskQueue }) {
  const connection = Connection.lazy({ address });
  connections.push(connection);
  return createRecoveryClient({ client: new Client({ connection, namespace }), taskQueue });
}

async function readyOf(recoveries: RecoveryClient) {
  const api = await createTestApi(recoveries);
  const { statusCode, body } = await api.app.inject('/readyz');
  const alive = await api.app.inject('/healthz');
  expect(alive.statusCode).toBe(200);
  await api.close();
  const { ready, checks } = JSON.parse(body) as {
    ready: boolean;
    checks: { name: string; ok: boolean; detail?: string }[];
  };
  const bad = checks.filter(({ ok }) => !ok);
  return { status: statusCode, ready, bad: bad.map(({ name }) => name), why: bad.map(({ detail }) => detail).join() };
}

it('is ready where a worker polls the queue', async () => {
  expect(await readyOf(clientOf({}))).toEqual({ status: 200, ready: true, bad: [], why: '' });
});

it('is not without a worker, without the namespace, and without the server', async () => {
  expect(await readyOf(clientOf({ taskQueue: `nobody-${harness.taskQueue}` }))).toEqual({
    status: 503,
    ready: false,
    bad: ['worker'],
    why: `no worker polls the task queue nobody-${harness.taskQueue}`,
  });
  expect(await readyOf(clientOf({ namespace: 'not-there' }))).toMatchObject({
    status: 503,
    bad: ['namespace', 'worker'],
    why: expect.stringContaining('not-there') as string,
  });
  expect(await readyOf(clientOf({ address: '127.0.0.1:1' }))).toMatchObject({
    status: 503,
    bad: ['server', 'namespace', 'worker'],
  });
});

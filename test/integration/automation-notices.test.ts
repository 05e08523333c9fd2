import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createRecoveryClient } from '../../src/client/recovery-client.ts';
import { startServer, type RunningServer } from '../../src/embedded/start-server.ts';
import { stopChild, useCli } from '../support/cli.ts';
import { startReceiver } from '../support/receivers.ts';
import { until } from '../support/until.ts';

// A server of its own: the switch is for everything on it.
const cli = useCli();
let server: RunningServer;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let worker: ChildProcess | undefined;
let connection: Connection;

const notifications = (url: string) => `
apiVersion: rerail/v1
kind: Notifications
spec:
  channels: [{name: hook, type: webhook, url: "${url}/hook", secretFrom: env:HOOK_SECRET}]
  routes: [{events: [automation.off, automation.on], channels: [hook]}]
`;

beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer({
    dataDir: path.join(cli.root, 'server'),
    binary: inject('serverBinary'),
    port: 0,
    uiPort: 'none',
    storage: 'memory',
    lifetime: 'with-parent',
  });
  connection = await Connection.connect({ address: server.address });
  worker = await cli.startWorker({
    RERAIL_ADDRESS: server.address,
    RERAIL_NOTIFICATIONS_FILE: await cli.file('notifications.yaml', notifications(receiver.url)),
    HOOK_SECRET: 'hook-secret-of-the-test',
  });
});
afterAll(async () => {
  await stopChild(worker, 'SIGKILL');
  await connection.close();
  await server.stop();
  await receiver.stop();
});

it('tells once that automation is off, by whom and why, and once that it is on again', async () => {
  const { automation } = createRecoveryClient({
    client: new Client({ connection }),
    taskQueue: `cli-${cli.unique}`,
  });
  const events = () => receiver.at('/hook').map(({ body }) => body['event']);
  await automation.off({ by: 'ada', reason: 'a freeze' });
  await until(async () => events().includes('automation.off'), 'the notice');
  expect(receiver.at('/hook')[0]?.text).toContain('by ada: a freeze');
  await automation.on({ by: 'ada', reason: 'it is over' });
  await until(async () => events().includes('automation.on'), 'the notice of its end');
  await automation.off({ by: 'bob', reason: 'another freeze' });
  await until(async () => receiver.at('/hook').some(({ text }) => text.includes('another freeze')), 'the next one');
  expect(events()).toEqual(['automation.off', 'automation.on', 'automation.off']);
});

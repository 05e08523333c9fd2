import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { recoveryId } from '../../src/domain/wire-names.ts';
import { findFreePort } from '../../src/embedded/ports.ts';
import { startServer, type RunningServer } from '../../src/embedded/start-server.ts';
import { forkWorker } from '../support/fork-worker.ts';
import { until } from '../support/until.ts';

const HOST = 'outage';
const hand = { by: 'ada', reason: 'a test' };

let folder: string;
let server: RunningServer;
let worker: ChildProcess;
let connection: Connection;

const startAt = (port: number): Promise<RunningServer> =>
  startServer({ dataDir: folder, binary: inject('serverBinary'), port, uiPort: 'none', lifetime: 'with-parent' });
async function connect(): Promise<RecoveryClient> {
  connection = await Connection.connect({ address: server.address });
  return createRecoveryClient({ client: new Client({ connection }), taskQueue: HOST });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'rerail-outage-'));
  // Below the ports that connections are given: the worker that looks for its server would take the server's own port.
  server = await startAt(await findFreePort(20_000 + Math.floor(Math.random() * 10_000)));
  worker = await forkWorker(folder, {
    RERAIL_ADDRESS: server.address,
    RERAIL_HOST: HOST,
    RERAIL_TASK_QUEUE: HOST,
    RERAIL_DATA_DIR: path.join(folder, 'data'),
  });
});
afterAll(async () => {
  const ended = once(worker, 'exit');
  worker.kill('SIGKILL');
  await ended;
  await connection.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

it('a monitor looks on after its server was killed, starts one recovery, and does not call its host lost', async () => {
  const up = path.join(folder, 'up');
  await writeFile(up, '');
  const before = await connect();
  const check = { name: 'up', probe: { file: { path: up } }, periodSeconds: 1, failure: { failureType: 'unknown' } };
  await before.monitors.start(
    {
      apiVersion: 'rerail/v1',
      kind: 'Monitor',
      metadata: { name: 'outage' },
      spec: { target: 'service/outage', hold: '1ms', checks: [check] },
    },
    { ...hand, defaultHost: HOST },
  );
  await until(async () => (await before.monitors.health('outage')).state === 'healthy', 'health');
  await connection.close();
  const { port } = new URL(`http://${server.address}`);
  process.kill(server.pid, 'SIGKILL');
  await server.stop();
  await rm(up);
  const { address } = server;
  server = await startAt(Number(port));
  expect(server.address).toBe(address);
  const after = await connect();
  const health = await until(async () => {
    const now = await after.monitors.health('outage').catch(() => undefined);
    return now?.targets[0]?.openRecovery ? now : undefined;
  }, 'the recovery');
  expect(health.targets[0]?.startsInInterval).toBe(1);
  expect(health.host).toMatchObject({ openRecovery: null });
  expect(health.host.state).not.toBe('lost');
  const started = await after.listRecoveries({ target: 'service/outage' });
  expect(started.map(({ workflowId }) => workflowId)).toEqual([recoveryId('service/outage')]);
}, 120_000);

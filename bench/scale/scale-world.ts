// A metered server, a client of its own, and `rerail worker` in its own process, so that each one's processor time is its own.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import { forkWorker } from '../../test/support/fork-worker.ts';
import { cpuMsOf } from '../process-cpu.ts';
import { KINDS, planOf, playbookOf } from './kinds.ts';
import { startMeteredServer, type MeteredServer } from './metered-server.ts';
import type { Metered } from './meter.ts';

export const MOST_ACTIONS = 10;
const HOST = 'scale';
const TASK_QUEUE = 'scale';
const NOTIFICATIONS = `apiVersion: rerail/v1
kind: Notifications
spec: {channels: [{name: log, type: console}], routes: [{events: [help.called], channels: [log]}]}
`;

type WorkerSettings = Record<`RERAIL_${string}`, string>;

export interface ScaleWorld extends Metered {
  server: MeteredServer;
  recoveries: RecoveryClient;
  taskQueue: string;
  host: string;
  /** With some small files, for checkpoints. */
  workspace: string;
  /** With it, a worker starts what tells people. */
  notificationsFile: string;
  /** Ends the worker's process and starts another one, which knows nothing yet. What its start has cost. */
  renewWorker: (more?: WorkerSettings) => Promise<{ cpuMs: number; wallMs: number }>;
}

async function makeWorkspace(dataDir: string): Promise<string> {
  const workspace = path.join(dataDir, 'workspace');
  await mkdir(workspace);
  for (let file = 0; file < 10; file += 1)
    await writeFile(path.join(workspace, `file-${String(file)}.txt`), `${String(file)} `.repeat(500));
  return workspace;
}

async function endWorker(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

export async function inScaleWorld<T>(work: (world: ScaleWorld) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'rerail-scale-'));
  const server = await startMeteredServer(dataDir);
  const playbooksDir = path.join(dataDir, 'playbooks');
  const notificationsFile = path.join(dataDir, 'notifications.yaml');
  await mkdir(playbooksDir);
  const plans = Array.from({ length: MOST_ACTIONS }, (_, index) => planOf(index + 1));
  for (const kind of [...plans, ...KINDS])
    await writeFile(path.join(playbooksDir, `${kind.name}.yaml`), playbookOf(kind));
  await writeFile(notificationsFile, NOTIFICATIONS);
  const workspace = await makeWorkspace(dataDir);
  const fork = (more: WorkerSettings = {}): Promise<ChildProcess> =>
    forkWorker(dataDir, {
      RERAIL_ADDRESS: server.address,
      RERAIL_HOST: HOST,
      RERAIL_TASK_QUEUE: TASK_QUEUE,
      RERAIL_DATA_DIR: path.join(dataDir, 'data'),
      RERAIL_PLAYBOOKS_DIR: playbooksDir,
      ...more,
      // The brake on recoveries at once is not what is measured.
      RERAIL_MAX_CONCURRENT_RECOVERIES: '1000000',
    });
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection });
  let worker = await fork();
  try {
    return await work({
      server,
      client,
      marks: { sent: 0 },
      recoveries: createRecoveryClient({ client, taskQueue: TASK_QUEUE }),
      taskQueue: TASK_QUEUE,
      host: HOST,
      workspace,
      notificationsFile,
      workerPid: () => worker.pid ?? Number.NaN,
      async renewWorker(more) {
        await endWorker(worker);
        const started = performance.now();
        worker = await fork(more);
        return { cpuMs: cpuMsOf(worker.pid ?? Number.NaN), wallMs: Math.round(performance.now() - started) };
      },
    });
  } finally {
    await endWorker(worker);
    await connection.close();
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

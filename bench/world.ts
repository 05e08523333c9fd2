// What the benches of the engine share: a server, a playbook of three no-op actions, and a worker in this process.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createSharedActivities } from '../src/activities/index.ts';
import { findServer } from '../src/embedded/find-server.ts';
import { startServer } from '../src/embedded/start-server.ts';
import { countRecoveries } from '../src/telemetry/metrics/count.ts';
import { sharedDepsOf } from '../src/worker.ts';

const PLAYBOOK = `apiVersion: rerail/v1
kind: Playbook
metadata: {name: three-no-ops}
spec:
  match: [{target: "bench/*"}]
  actions:
    - {id: one, type: run, run: {activity: noop}}
    - {id: two, type: run, run: {activity: noop}}
    - {id: three, type: retry}
`;

export interface BenchWorld {
  /** Goes with the world. */
  dataDir: string;
  playbooksDir: string;
  /** Of the server. */
  address: string;
  version: string;
  /** Shares the worker's connection, so that workflows may start eagerly. */
  client: Client;
  /** Of the worker in this process. */
  taskQueue: string;
}

/** The code of workflows, as a worker takes it. */
export const bundleOf = (file: URL): Promise<{ code: string }> =>
  bundleWorkflowCode({ workflowsPath: fileURLToPath(file), logger: new DefaultLogger('ERROR') });

/** Once per process: it installs the SDK's runtime. */
export async function inBenchWorld<T>(work: (world: BenchWorld) => Promise<T>): Promise<T> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'rerail-bench-'));
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
  const binary = await findServer({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  const server = await startServer({ dataDir, binary: binary.path, port: 0, uiPort: 'none', lifetime: 'with-parent' });
  try {
    const playbooksDir = path.join(dataDir, 'playbooks');
    await mkdir(playbooksDir);
    await writeFile(path.join(playbooksDir, 'three.yaml'), PLAYBOOK);
    const workflowBundle = await bundleOf(new URL('./workflows.ts', import.meta.url));
    const connection = await NativeConnection.connect({ address: server.address });
    const client = new Client({ connection });
    const taskQueue = 'bench';
    // The brake on recoveries at once is not what is measured.
    const brakes = { maxConcurrentRecoveries: 1_000_000 };
    const settings = { dataDir, host: 'bench', taskQueue, playbooksDir: [playbooksDir], ...brakes };
    const notifier = { notify: () => Promise.resolve() };
    const worker = await Worker.create({
      connection,
      taskQueue,
      workflowBundle,
      sinks: countRecoveries(),
      activities: createSharedActivities(sharedDepsOf(settings, client, notifier)),
    });
    return await worker.runUntil(() =>
      work({ dataDir, playbooksDir, address: server.address, version: binary.version, client, taskQueue }),
    );
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

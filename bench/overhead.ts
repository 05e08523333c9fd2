// What Rerail adds to a bare Temporal workflow: the same three no-op activities, the same process, server and options.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createSharedActivities } from '../src/activities/index.ts';
import { createRecoveryClient } from '../src/client/recovery-client.ts';
import { findServer } from '../src/embedded/find-server.ts';
import { startServer } from '../src/embedded/start-server.ts';
import { sharedDepsOf } from '../src/worker.ts';
import { summarise, type Summary } from './measure.ts';

const ROUNDS = 60;
const WARM_UP = 10;
const TASK_QUEUE = 'bench';
const BOUND = 1.15;

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

export interface OverheadResult {
  bench: 'overhead';
  unit: 'ms';
  rounds: number;
  bare: Summary;
  recovery: Summary;
  ratio: number;
  bound: number;
  withinBound: boolean;
}

export async function measureOverhead(): Promise<OverheadResult> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'rerail-bench-'));
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
  const binary = await findServer({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  const server = await startServer({ dataDir, binary: binary.path, port: 0, uiPort: 'none', lifetime: 'with-parent' });
  try {
    const playbooks = path.join(dataDir, 'playbooks');
    await import('node:fs/promises').then(({ mkdir }) => mkdir(playbooks));
    await writeFile(path.join(playbooks, 'three.yaml'), PLAYBOOK);
    const workflowsPath = fileURLToPath(new URL('./workflows.ts', import.meta.url));
    const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
    const connection = await NativeConnection.connect({ address: server.address });
    const client = new Client({ connection });
    const settings = { dataDir, host: 'bench', taskQueue: TASK_QUEUE, playbooksDir: [playbooks] };
    const notifier = { notify: () => Promise.resolve() };
    const worker = await Worker.create({
      connection,
      taskQueue: TASK_QUEUE,
      workflowBundle,
      activities: createSharedActivities(sharedDepsOf(settings, client, notifier)),
    });
    return await worker.runUntil(() => compare(client));
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function compare(client: Client): Promise<OverheadResult> {
  const recoveries = createRecoveryClient({ client, taskQueue: TASK_QUEUE, sharesWorkerConnection: true });
  const runBare = async (round: number): Promise<void> => {
    await client.workflow.execute('threeNoOps', {
      workflowId: `bare/${round}`,
      taskQueue: TASK_QUEUE,
      requestEagerStart: true,
    });
  };
  const runRecovery = async (round: number): Promise<void> => {
    const { handle } = await recoveries.start({
      target: `bench/${round}`,
      message: 'no-op',
      operation: { kind: 'activity', name: 'noop' },
    });
    const { status } = await handle.result();
    if (status !== 'recovered') throw new Error(`the recovery ended ${status}`);
  };
  const samples: Record<'bare' | 'recovery', number[]> = { bare: [], recovery: [] };
  const time = async (
    name: keyof typeof samples,
    run: (round: number) => Promise<void>,
    round: number,
  ): Promise<void> => {
    const started = performance.now();
    await run(round);
    if (round >= WARM_UP) samples[name].push(performance.now() - started);
  };
  // Turn about, so that whatever else the machine does meets both alike.
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    await time('bare', runBare, round);
    await time('recovery', runRecovery, round);
  }
  const bare = summarise(samples.bare);
  const recovery = summarise(samples.recovery);
  const ratio = Math.round((recovery.p50 / bare.p50) * 1000) / 1000;
  return {
    bench: 'overhead',
    unit: 'ms',
    rounds: ROUNDS,
    bare,
    recovery,
    ratio,
    bound: BOUND,
    withinBound: ratio <= BOUND,
  };
}

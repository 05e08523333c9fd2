import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createRecoveryClient } from '../src/client/recovery-client.ts';
import { findServer } from '../src/embedded/find-server.ts';
import { startServer } from '../src/embedded/start-server.ts';
import { createWorkers, runWorkers } from '../src/worker.ts';
import { summarise, type Summary } from './measure.ts';

export interface LedgerTimes {
  create: Summary;
  restore: Summary;
}

export interface LedgerOrder {
  dataDir: string;
  root: string;
  rounds: number;
  warmUp: number;
  /** Something to store and to restore; called before each. */
  disturb: (round: number) => void;
}

/** The whole way: client, ledger workflow and the activity of the host, on the embedded server. */
export async function measureLedger({ dataDir, root, rounds, warmUp, disturb }: LedgerOrder): Promise<LedgerTimes> {
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
  const binary = await findServer({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  const server = await startServer({
    dataDir: join(dataDir, 'server'),
    binary: binary.path,
    port: 0,
    uiPort: 'none',
    lifetime: 'with-parent',
  });
  const stop = new AbortController();
  try {
    const connection = await NativeConnection.connect({ address: server.address });
    const settings = { dataDir, host: 'bench', taskQueue: 'bench', playbooksDir: [] };
    const notifier = { notify: () => Promise.resolve() };
    const workers = await createWorkers({ settings, connection, namespace: 'default', notifier });
    const running = runWorkers(workers, stop.signal);
    const client = new Client({ connection });
    const { checkpoints } = createRecoveryClient({ client, taskQueue: settings.taskQueue });
    const times: Record<'create' | 'restore', number[]> = { create: [], restore: [] };
    for (let round = 0; round < rounds + warmUp; round += 1) {
      disturb(round);
      const started = performance.now();
      const { info } = await checkpoints.create('bench/checkpoints', {
        name: 'bench',
        type: 'manual',
        host: 'bench',
        root,
      });
      const created = performance.now();
      disturb(round + 100_000);
      const restoring = performance.now();
      await checkpoints.restore('bench/checkpoints', info.id, 'bench');
      if (round < warmUp) continue;
      times.create.push(created - started);
      times.restore.push(performance.now() - restoring);
    }
    stop.abort();
    await running;
    return { create: summarise(times.create), restore: summarise(times.restore) };
  } finally {
    stop.abort();
    await server.stop();
  }
}

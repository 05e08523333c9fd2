// A host with a worker, and a monitor that looks twice a second at what the bench breaks.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { CheckpointProvider } from '../../src/activities/providers/index.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import type { MonitorDocument } from '../../src/domain/monitor.schema.ts';
import { findServer } from '../../src/embedded/find-server.ts';
import { startServer } from '../../src/embedded/start-server.ts';
import { createWorkers } from '../../src/worker.ts';
import { workflowSource } from '../../src/workflow-source.ts';

export const HOST = 'bench';

/** Something that breaks and is healed by the built-in playbooks. */
export interface Patient {
  kind: string;
  /** Within so many milliseconds from the fault to verified, in 95 of 100 cases. */
  barMs: number;
  target: string;
  /** Definition of the target. */
  component: object;
  /** Definitions of other targets that it needs. */
  others?: { kind: string; target: string; component: object }[];
  provider?: CheckpointProvider;
  probe: object;
  failure: { failureType?: string; code?: string; message: string };
  /** Sees to it that it works before the next fault. */
  prepare: (recoveries: RecoveryClient) => Promise<void>;
  break: () => Promise<void>;
  stop: () => Promise<void>;
}

const document = (kind: string, name: string, spec: object): object => ({
  apiVersion: 'rerail/v1',
  kind,
  metadata: { name },
  spec,
});

function monitorOf(patients: readonly Patient[]): MonitorDocument {
  const checks = patients.map(({ kind, target, probe, failure }) => ({
    ...{ name: kind, target, probe, failure, periodSeconds: 0.5, timeoutSeconds: 3 },
  }));
  const limits = { startLimit: { burst: 100, interval: '1h' }, cooldown: '1ms', hold: '1ms' };
  return document('Monitor', 'heal', { host: HOST, checks, ...limits }) as MonitorDocument;
}

/** Gives the work a folder, patients made in it, and a client of a worker that watches them. */
export async function inHealWorld<T>(
  make: (folder: string) => Promise<Patient[]>,
  work: (world: { patients: Patient[]; recoveries: RecoveryClient; serverPid: number }) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rerail-heal-'));
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
  const binary = await findServer({ onProgress: (line) => process.stderr.write(`${line}\n`) });
  const server = await startServer({
    dataDir: folder,
    binary: binary.path,
    port: 0,
    uiPort: 'none',
    lifetime: 'with-parent',
  });
  const patients = await make(folder);
  const clear = async (): Promise<void> => {
    for (const patient of patients) await patient.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const interrupted = (): void => void clear().finally(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    const playbooks = path.join(folder, 'playbooks');
    await mkdir(playbooks);
    const components = patients
      .flatMap(({ others = [], ...patient }) => [patient, ...others])
      .map(({ kind, target, component }) => document('Component', kind, { target, ...component }));
    await writeFile(
      path.join(playbooks, 'components.yaml'),
      components.map((one) => JSON.stringify(one)).join('\n---\n'),
    );
    const connection = await NativeConnection.connect({ address: server.address });
    const workers = await createWorkers({
      settings: { dataDir: path.join(folder, 'data'), host: HOST, taskQueue: HOST, playbooksDir: [playbooks] },
      connection,
      namespace: 'default',
      providers: patients.flatMap(({ provider }) => provider ?? []),
      notifier: { notify: () => Promise.resolve() },
      workflows: await workflowSource(),
    });
    const running = Promise.all(workers.map((worker) => worker.run()));
    const recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: HOST });
    for (const patient of patients) await patient.prepare(recoveries);
    await recoveries.monitors.start(monitorOf(patients), { by: 'bench', reason: 'measure', defaultHost: HOST });
    const result = await work({ patients, recoveries, serverPid: server.pid });
    await recoveries.monitors.stop('heal', { by: 'bench', reason: 'measured' });
    for (const worker of workers) worker.shutdown();
    await running;
    await connection.close();
    return result;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await clear();
  }
}

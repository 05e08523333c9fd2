// A host with a worker of its own process, and a monitor that looks twice a second at the one thing that the bench breaks then.
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import type { MonitorDocument } from '../../src/domain/monitor.schema.ts';
import { findServer } from '../../src/embedded/find-server.ts';
import { startServer } from '../../src/embedded/start-server.ts';
import { forkWorker } from '../../test/support/fork-worker.ts';

export const HOST = 'bench';

/** How the bench looks; told with its figures, since a user's monitor may look more seldom. */
export const WATCHED = { periodSeconds: 0.5, timeoutSeconds: 3, failureThreshold: 3 };
/** One fault follows the other at once. */
export const PAUSES = { cooldown: '1ms', hold: '1ms' };

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
  /** Of a definition named after the kind: what its checkpoints hold. */
  provider?: object;
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

function monitorOf({ kind, target, probe, failure }: Patient): MonitorDocument {
  const checks = [{ ...{ name: kind, target, probe, failure }, ...WATCHED }];
  const limits = { startLimit: { burst: 100, interval: '1h' }, ...PAUSES };
  return document('Monitor', 'heal', { host: HOST, checks, ...limits }) as MonitorDocument;
}

export interface HealWorld {
  patients: Patient[];
  recoveries: RecoveryClient;
  /** From now on the monitor looks at this one, and at no other. */
  watch: (patient: Patient) => Promise<unknown>;
  workerPid: number;
  serverPid: number;
}

const writeDocuments = (file: string, documents: readonly object[]): Promise<void> =>
  writeFile(file, documents.map((one) => JSON.stringify(one)).join('\n---\n'));

/** Gives the work a folder, patients made in it, and a client of a worker that watches them. */
export async function inHealWorld<T>(
  make: (folder: string) => Promise<Patient[]>,
  work: (world: HealWorld) => Promise<T>,
  settings: Record<string, string> = {},
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'rerail-heal-'));
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
    await writeDocuments(path.join(playbooks, 'components.yaml'), components);
    const providersFile = path.join(folder, 'providers.yaml');
    const providers = patients.flatMap(({ kind, provider }) =>
      provider ? [document('Provider', kind, provider)] : [],
    );
    await writeDocuments(providersFile, providers);
    const worker = await forkWorker(folder, {
      RERAIL_ADDRESS: server.address,
      RERAIL_HOST: HOST,
      RERAIL_TASK_QUEUE: HOST,
      RERAIL_DATA_DIR: path.join(folder, 'data'),
      RERAIL_PLAYBOOKS_DIR: playbooks,
      RERAIL_PROVIDERS_FILE: providersFile,
      ...settings,
    });
    const ended = once(worker, 'exit');
    const connection = await Connection.connect({ address: server.address });
    const recoveries = createRecoveryClient({ client: new Client({ connection }), taskQueue: HOST });
    for (const patient of patients) await patient.prepare(recoveries);
    const change = { by: 'bench', reason: 'measure', defaultHost: HOST };
    const watch = (patient: Patient) => recoveries.monitors.start(monitorOf(patient), change);
    const result = await work({
      patients,
      recoveries,
      watch,
      workerPid: worker.pid ?? Number.NaN,
      serverPid: server.pid,
    });
    if (patients.length > 0) await recoveries.monitors.stop('heal', { by: 'bench', reason: 'measured' });
    worker.kill('SIGTERM');
    await ended;
    await connection.close();
    return result;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    await clear();
  }
}

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { createServiceActivities } from '../../src/activities/services/create-service-activities.ts';
import { createRecoveryClient, type RecoveryClient } from '../../src/client/recovery-client.ts';
import type { FailureInput } from '../../src/domain/failure.ts';
import type { RecoveryReport } from '../../src/domain/report.ts';
import { createWorkers } from '../../src/worker.ts';
import { workflowBundle } from './server.ts';

export interface ServiceWorld {
  folder: string;
  client: Client;
  recoveries: RecoveryClient;
  /** As one recovery calls them, without its workflow. */
  activities: ReturnType<typeof createServiceActivities>;
  nameOf: (kind: string) => string;
  targetOf: (kind: string) => string;
  /** Definitions are read for each plan, so that a test adds its own. */
  define: (component: { kind: string; service: object; more?: object }) => Promise<void>;
  start: (kind: string, failure: Partial<FailureInput>) => Promise<{ result: () => Promise<RecoveryReport> }>;
  stop: () => Promise<void>;
}

/** Real workers with the built-in playbooks, and components of services in a folder of their own. */
export async function createServiceWorld(): Promise<ServiceWorld> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const id = randomUUID().slice(0, 8);
  const host = `services-${id}`;
  const nameOf = (kind: string): string => `${kind}-${id}`;
  const targetOf = (kind: string): string => `service/${nameOf(kind)}`;
  const folder = await mkdtemp(join(tmpdir(), 'rerail-services-'));
  const playbooks = join(folder, 'playbooks');
  await mkdir(playbooks);
  const connection = await NativeConnection.connect({ address: inject('serverAddress') });
  const client = new Client({ connection });
  const workers = await createWorkers({
    settings: { dataDir: join(folder, 'data'), host, taskQueue: host, playbooksDir: [playbooks] },
    connection,
    namespace: 'default',
    notifier: { notify: () => Promise.resolve() },
    workflows: { workflowBundle: workflowBundle() },
  });
  const running = Promise.all(workers.map((worker) => worker.run()));
  const recoveries = createRecoveryClient({ client, taskQueue: host });
  return {
    ...{ folder, client, recoveries, nameOf, targetOf },
    activities: createServiceActivities({
      services: recoveries.services,
      keys: () => ({ execution: `execution-${id}`, step: randomUUID() }),
      signal: () => new AbortController().signal,
    }),
    define: ({ kind, service, more }) =>
      writeFile(
        join(playbooks, `${kind}.yaml`),
        JSON.stringify({
          apiVersion: 'rerail/v1',
          kind: 'Component',
          metadata: { name: nameOf(kind) },
          spec: { target: targetOf(kind), service, ...more },
        }),
      ),
    start: async (kind, failure) =>
      (await recoveries.start({ target: targetOf(kind), message: `${kind} is ill`, ...failure })).handle,
    async stop() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

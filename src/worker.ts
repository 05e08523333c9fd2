import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { Runtime, Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createHostActivities, createSharedActivities, type HostDeps, type SharedDeps } from './activities/index.ts';
import { removeOldExecutions } from './activities/commands/execution-folder.ts';
import type { Notifier } from './activities/notify.ts';
import { createPlaybookSource } from './activities/planning.ts';
import { createRecoveryClient } from './client/recovery-client.ts';
import { createEngine } from './client/create-engine.ts';
import { DEFAULT_LIMITS } from './activities/files/scan-tree.ts';
import { createPostgresProvider, createRedisProvider } from './activities/providers/index.ts';
import type { CheckpointProvider } from './activities/providers/index.ts';
import { loadProviders } from './config/load-providers.ts';
import type { Settings } from './config/settings.ts';
import { hostTaskQueue } from './domain/wire-names.ts';
import type { Replica } from './store/replica/replica.ts';
import { createS3Replica } from './store/replica/s3-replica.ts';
import { createGitStore } from './store/git-store/create-git-store.ts';
import type { CheckpointStore } from './store/checkpoint-store.ts';
import type { Logger } from './telemetry/logger.ts';

type WorkerSettings = Pick<Settings, 'dataDir' | 'host' | 'taskQueue' | 'playbooksDir'> &
  Partial<
    Pick<
      Settings,
      | 'maxStoreBytes'
      | 'maxTreeFiles'
      | 'maxTreeBytes'
      | 'providersFile'
      | 'replicaBucket'
      | 'replicaEndpoint'
      | 'replicaRegion'
      | 'replicaPrefix'
      | 'replicaForcePathStyle'
    >
  >;

/** The store is opened by the first activity that needs it, and once. */
function openOnce(storePath: string): () => Promise<CheckpointStore> {
  let opened: Promise<CheckpointStore> | undefined;
  return () => {
    if (opened) return opened;
    const opening = createGitStore({ path: storePath });
    opened = opening;
    opening.catch(() => (opened = undefined));
    return opening;
  };
}

/** Undefined where no bucket is set. Opened at once: it connects with the first request. */
function replicaOf(settings: WorkerSettings): Replica | undefined {
  const { replicaBucket, replicaEndpoint, replicaRegion, replicaPrefix, replicaForcePathStyle } = settings;
  if (replicaBucket === undefined) return undefined;
  return createS3Replica({
    bucket: replicaBucket,
    ...(replicaEndpoint === undefined ? {} : { endpoint: replicaEndpoint }),
    ...(replicaRegion === undefined ? {} : { region: replicaRegion }),
    ...(replicaPrefix === undefined ? {} : { prefix: replicaPrefix }),
    ...(replicaForcePathStyle === undefined ? {} : { forcePathStyle: replicaForcePathStyle }),
  });
}

export function hostDepsOf(settings: WorkerSettings): HostDeps {
  const { dataDir, host, maxStoreBytes, maxTreeFiles, maxTreeBytes } = settings;
  const replica = replicaOf(settings);
  const storePath = path.join(dataDir, 'store.git');
  return {
    dataDir,
    host,
    storePath,
    openStore: openOnce(storePath),
    executionsFolder: path.join(dataDir, 'executions'),
    quotaBytes: maxStoreBytes,
    limits: {
      maxFiles: maxTreeFiles ?? DEFAULT_LIMITS.maxFiles,
      maxBytes: maxTreeBytes ?? DEFAULT_LIMITS.maxBytes,
    },
    ...(replica === undefined ? {} : { replica }),
  };
}

export function sharedDepsOf(settings: WorkerSettings, client: Client, notifier: Notifier): SharedDeps {
  const { checkpoints } = createRecoveryClient({ client, taskQueue: settings.taskQueue });
  return {
    playbooks: createPlaybookSource(settings.playbooksDir),
    listCheckpoints: (subject) => checkpoints.list(subject),
    defaultHost: settings.host,
    engine: createEngine(client, settings.taskQueue),
    notifier,
    evidenceFolder: path.join(settings.dataDir, 'evidence'),
  };
}

/** The bundle that the build made, or the workflows' source. */
export function workflowSource(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = fileURLToPath(new URL('./workflow-bundle.js', import.meta.url));
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return {
    workflowsPath: fileURLToPath(new URL(`./workflows/index${path.extname(import.meta.url)}`, import.meta.url)),
  };
}

export function createLogNotifier(logger: Logger): Notifier {
  return {
    notify({ to, subject, evidenceFile }) {
      logger.warn({ to, evidenceFile }, subject);
      return Promise.resolve();
    },
  };
}

export interface WorkerInput {
  settings: WorkerSettings;
  connection: NativeConnection;
  namespace: string;
  notifier: Notifier;
  /** Databases and the like that checkpoints may hold, besides those of the setting providersFile. */
  providers?: readonly CheckpointProvider[];
  /** Instead of the built-in workflows, for users who bundle their own with ours. */
  workflows?: Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;
  tune?: Partial<WorkerOptions>;
}

async function providersOf({ settings, providers = [] }: WorkerInput): Promise<CheckpointProvider[]> {
  const configured = settings.providersFile === undefined ? [] : await loadProviders(settings.providersFile);
  return [
    ...providers,
    ...configured.map(({ name, spec }) =>
      'postgres' in spec
        ? createPostgresProvider({ name, ...withoutUndefined(spec.postgres) })
        : createRedisProvider({ name, ...withoutUndefined(spec.redis) }),
    ),
  ];
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

const withoutUndefined = <T extends object>(given: T): Defined<T> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>;

const KEEP_EXECUTIONS_MS = 7 * 24 * 60 * 60 * 1000;

/** Two workers in one process: workflows and shared activities on the common queue, this host's activities on its own. */
export async function createWorkers(input: WorkerInput): Promise<Worker[]> {
  const { settings, connection, namespace } = input;
  const client = new Client({ connection, namespace });
  const host = { ...hostDepsOf(settings), providers: await providersOf(input) };
  await removeOldExecutions(host.executionsFolder, KEEP_EXECUTIONS_MS, Date.now());
  const common = { connection, namespace, shutdownGraceTime: '10s', ...input.tune } as const;
  return Promise.all([
    Worker.create({
      ...common,
      ...(input.workflows ?? workflowSource()),
      taskQueue: settings.taskQueue,
      activities: createSharedActivities(sharedDepsOf(settings, client, input.notifier)),
    }),
    Worker.create({
      ...common,
      taskQueue: hostTaskQueue(settings.host),
      activities: createHostActivities(host),
      maxConcurrentActivityTaskExecutions: 20,
      // Well within the heartbeat time-out of 10 s.
      maxHeartbeatThrottleInterval: '3s',
    }),
  ]);
}

/** Runs until one of the workers ends or the signal comes; then all drain and stop. */
export async function runWorkers(workers: readonly Worker[], stop: AbortSignal): Promise<void> {
  const shutdown = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  stop.addEventListener('abort', shutdown);
  try {
    await Promise.all(workers.map((worker) => worker.run().finally(shutdown)));
  } finally {
    stop.removeEventListener('abort', shutdown);
  }
}

/** Sends the SDK's own log lines through our logger. Once per process, before the first worker. */
export function installRuntime(logger: Logger): void {
  const log = (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: object) =>
    logger[level](meta ?? {}, message);
  Runtime.install({
    shutdownSignals: [],
    logger: {
      log: (level, message, meta) => log(level.toLowerCase() as 'info')(message, meta),
      trace: log('trace'),
      debug: log('debug'),
      info: log('debug'),
      // A host's queue has no workflows, on purpose.
      warn: (message, meta) => log(message.startsWith('No workflows registered') ? 'debug' : 'warn')(message, meta),
      error: log('error'),
    },
  });
}

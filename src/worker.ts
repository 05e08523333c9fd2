import path from 'node:path';
import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { SimplePlugin } from '@temporalio/plugin';
import { Runtime, Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createBreakerCache } from './activities/breakers/breaker-cache.ts';
import { createHostActivities, createSharedActivities, type HostDeps, type SharedDeps } from './activities/index.ts';
import { removeOldExecutions } from './activities/commands/execution-folder.ts';
import { MOST_WATCHES } from './activities/monitors/watch-health-here.ts';
import { announcing } from './activities/notifications/announce-help.ts';
import { notificationDepsOf } from './activities/notifications/notification-deps.ts';
import { sweepSandboxes } from './activities/drills/remove-sandbox.ts';
import type { Notifier } from './activities/notify.ts';
import { createDefinitionSource } from './activities/planning.ts';
import { endDrill } from './client/end-drill.ts';
import { createRecoveryClient } from './client/recovery-client.ts';
import { createRecoveryPast } from './client/recovery-past.ts';
import { createEngine } from './client/create-engine.ts';
import { DEFAULT_LIMITS } from './activities/files/scan-tree.ts';
import { createPostgresProvider, createRedisProvider, createTmuxProvider } from './activities/providers/index.ts';
import type { CheckpointProvider } from './activities/providers/provider.ts';
import { ledgerOf } from './activities/sessions/as-host-activities.ts';
import { loadProviders } from './config/load-providers.ts';
import type { Settings } from './config/settings.ts';
import { messageOf } from './domain/errors.ts';
import { hostTaskQueue } from './domain/wire-names.ts';
import { createServerProgram } from './embedded/server-program.ts';
import type { CustomPlanner } from './planner/custom-planner.ts';
import type { Replica } from './store/replica/replica.ts';
import { createS3Replica } from './store/replica/s3-replica.ts';
import { createGitStore } from './store/git-store/create-git-store.ts';
import { storeFolder } from './store/store-folder.ts';
import type { CheckpointStore } from './store/checkpoint-store.ts';
import type { Logger } from './telemetry/logger.ts';
import { countActivities, countRecoveries } from './telemetry/metrics/count.ts';
import type { Metrics } from './telemetry/metrics/create-metrics.ts';
import { workflowSource } from './workflow-source.ts';
import { DROPPED_SPANS } from './telemetry/tracing/dropped-spans.ts';
import type { Tracing } from './telemetry/tracing/start-tracing.ts';

/** What a worker needs of the settings; all but the first four may be left out. */
export type WorkerSettings = Pick<Settings, 'dataDir' | 'host' | 'taskQueue' | 'playbooksDir'> &
  Partial<
    Pick<
      Settings,
      | 'cacheDir'
      | 'maxConcurrentRecoveries'
      | 'maxStoreBytes'
      | 'maxTreeFiles'
      | 'maxTreeBytes'
      | 'providersFile'
      | 'approvalKeysFile'
      | 'notificationsFile'
      | 'publicUrl'
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
  const storePath = storeFolder(dataDir);
  return {
    dataDir,
    host,
    storePath,
    openStore: openOnce(storePath),
    executionsFolder: path.join(dataDir, 'executions'),
    temporalServer: createServerProgram({ cacheDir: settings.cacheDir }),
    quotaBytes: maxStoreBytes,
    limits: {
      maxFiles: maxTreeFiles ?? DEFAULT_LIMITS.maxFiles,
      maxBytes: maxTreeBytes ?? DEFAULT_LIMITS.maxBytes,
    },
    ...(replica === undefined ? {} : { replica }),
  };
}

export function sharedDepsOf(
  settings: WorkerSettings,
  client: Client,
  notifier: Notifier,
  planners: readonly CustomPlanner[] = [],
): SharedDeps {
  const recoveries = createRecoveryClient({ client, taskQueue: settings.taskQueue });
  const notifications = notificationDepsOf(settings, recoveries);
  const engine = createEngine(client, settings.taskQueue, settings.host, settings.publicUrl);
  return {
    definitions: createDefinitionSource(settings.playbooksDir),
    planners,
    listCheckpoints: (subject) => recoveries.checkpoints.list(subject),
    defaultHost: settings.host,
    brakes: {
      ...createRecoveryPast(client),
      killSwitch: engine.killSwitch,
      limits: { maxConcurrent: settings.maxConcurrentRecoveries ?? 100 },
    },
    engine,
    breakers: createBreakerCache({
      port: engine.breakers,
      by: settings.host,
      onError: (breaker, error) => {
        Runtime.instance().logger.warn('a report to a circuit breaker failed', { breaker, reason: messageOf(error) });
      },
    }),
    notifier: announcing(notifier, notifications),
    notifications,
    approvalKeysFile: settings.approvalKeysFile,
    evidenceFolder: path.join(settings.dataDir, 'evidence'),
  };
}

/** Runs a worker, and sends what it has counted for the circuit breakers when it stops. */
export const flushingBreakers =
  ({ breakers }: Pick<SharedDeps, 'breakers'>) =>
  async (next: () => Promise<void>): Promise<void> => {
    try {
      await next();
    } finally {
      await breakers.close();
    }
  };

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
  /** Playbooks made in code, by error code. */
  planners?: readonly CustomPlanner[];
  /** Encrypts payloads (createDataConverter); the clients of the same executions need it as well. */
  dataConverter?: DataConverter;
  /** Counts what these workers do. */
  metrics?: Metrics;
  /** Sends spans of what these workers do; workflows are traced when their start is. */
  tracing?: Tracing;
  /** Instead of the built-in workflows, for users who bundle their own with ours. */
  workflows?: Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;
  tune?: Partial<WorkerOptions>;
}

async function providersOf({ settings, providers = [] }: WorkerInput): Promise<CheckpointProvider[]> {
  const configured = settings.providersFile === undefined ? [] : await loadProviders(settings.providersFile);
  return [
    ...providers,
    ...configured.map(({ name, spec }) => {
      if ('postgres' in spec) return createPostgresProvider({ name, ...withoutUndefined(spec.postgres) });
      if ('tmux' in spec) return createTmuxProvider({ name, ...withoutUndefined(spec.tmux) });
      return createRedisProvider({ name, ...withoutUndefined(spec.redis) });
    }),
  ];
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
const withoutUndefined = <T extends object>(given: T): Defined<T> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Defined<T>;

const KEEP_EXECUTIONS_MS = 7 * 24 * 60 * 60 * 1000;

/** Not waited for: a worker that is wanted for recoveries is not kept from them by a drill of yesterday. */
async function sweepDrills(
  dataDir: string,
  client: Client,
  isOpen: (recovery: { recoveryId: string; recoveryRunId: string }) => Promise<boolean>,
): Promise<void> {
  const { logger } = Runtime.instance();
  try {
    const { removed, left } = await sweepSandboxes(dataDir, async ({ workflowId, runId }) => {
      const open = await isOpen({ recoveryId: workflowId, recoveryRunId: runId });
      if (!open) await endDrill(client, { workflowId, runId });
      return open;
    });
    if (removed.length > 0) logger.info('sandboxes of drills that are over were taken away', { removed });
    if (left.length > 0) logger.warn('something of a drill could not be taken away', { left });
  } catch (error) {
    logger.warn('the sandboxes of earlier drills were not looked at', { reason: messageOf(error) });
  }
}

/** Two workers in one process: workflows and shared activities on the common queue, this host's activities on its own. */
export async function createWorkers(input: WorkerInput): Promise<Worker[]> {
  const { settings, connection, namespace, dataConverter, metrics, tracing } = input;
  const client = new Client({
    connection,
    namespace,
    ...(dataConverter ? { dataConverter } : {}),
    ...(tracing ? { interceptors: { workflow: [tracing.clientInterceptor] } } : {}),
  });
  const shared = sharedDepsOf(settings, client, input.notifier, input.planners);
  const host = {
    ...hostDepsOf(settings),
    providers: await providersOf(input),
    ledger: ledgerOf(shared),
    cleanLedgers: shared.engine.ledgers.cleanLedgers,
    ...(metrics ? { onLook: (lateMs: number) => metrics.lookBegan(lateMs) } : {}),
  };
  await removeOldExecutions(host.executionsFolder, KEEP_EXECUTIONS_MS, Date.now());
  void sweepDrills(settings.dataDir, client, (drill) => shared.engine.isOpen(drill));
  const common: Partial<WorkerOptions> & Pick<WorkerOptions, 'connection'> = {
    connection,
    namespace,
    shutdownGraceTime: '10s',
    // Tasks for a worker that has died go to another one so soon, and not after the usual 10 s.
    stickyQueueScheduleToStartTimeout: '4s',
    ...(dataConverter ? { dataConverter } : {}),
    interceptors: {
      activity: [...(tracing ? [tracing.activityInterceptor] : []), ...(metrics ? [countActivities(metrics)] : [])],
    },
    ...input.tune,
  };
  return Promise.all([
    Worker.create({
      ...common,
      ...(input.workflows ?? (await workflowSource(dataConverter !== undefined))),
      sinks: { ...input.tune?.sinks, ...countRecoveries(metrics), ...(tracing?.sinks ?? DROPPED_SPANS) },
      taskQueue: settings.taskQueue,
      activities: createSharedActivities(shared),
      plugins: [
        ...(input.tune?.plugins ?? []),
        new SimplePlugin({ name: 'rerail.Breakers', runContext: flushingBreakers(shared) }),
      ],
    }),
    Worker.create({
      ...common,
      taskQueue: hostTaskQueue(settings.host),
      activities: createHostActivities(host),
      maxConcurrentActivityTaskExecutions: 20 + MOST_WATCHES,
      // Well within the heartbeat time-outs, of which that of commands is the shortest with 4 s.
      maxHeartbeatThrottleInterval: '1s',
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

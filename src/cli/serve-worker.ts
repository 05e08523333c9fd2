import { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import { createRecoveryClient } from '../client/recovery-client.ts';
import { readWaiting } from '../client/waiting-recoveries.ts';
import { loadMonitorsDir } from '../config/load-monitors.ts';
import { loadNotifications } from '../config/load-notifications.ts';
import { resolveConnection } from '../config/connection.ts';
import { openNativeConnection } from '../config/open-connection.ts';
import type { Settings } from '../config/settings.ts';
import { describeFailover } from '../domain/host.ts';
import { messageOf, RerailError } from '../domain/errors.ts';
import { installRuntime } from '../telemetry/install-runtime.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics/create-metrics.ts';
import type { Listening } from '../process/listen.ts';
import { serveMetrics } from '../telemetry/metrics/serve-metrics.ts';
import { startTracing } from '../telemetry/tracing/start-tracing.ts';
import { createLogNotifier, createWorkers, hostDepsOf, runWorkers } from '../worker.ts';
import { describeWorker } from './describe-worker.ts';
import { converterOf } from './connect.ts';
import { onInterrupt } from './interrupt.ts';
import { version } from './version.ts';

function metricsOf(settings: Settings, client: Client, logger: Logger): Metrics {
  const { breakers } = createRecoveryClient({ client, taskQueue: settings.taskQueue });
  const { openStore, quotaBytes } = hostDepsOf(settings);
  return createMetrics({
    version,
    host: settings.host,
    sources: {
      waiting: () => readWaiting(client),
      breakers: () => breakers.list(),
      store: async () => {
        const { bytes, checkpoints } = await (await openStore()).usage();
        return { bytes, checkpoints, ...(quotaBytes === undefined ? {} : { quotaBytes }) };
      },
    },
    onError: (source, error) => logger.warn({ source, reason: messageOf(error) }, 'a metric cannot be read'),
  });
}

async function serve(
  { metricsHost: host, metricsPort }: Settings,
  metrics: Metrics,
  workers: readonly Worker[],
): Promise<Listening | undefined> {
  if (metricsPort === undefined) return undefined;
  const healthy = (): boolean => workers.every((worker) => worker.getState() === 'RUNNING');
  try {
    return await serveMetrics({ host, port: metricsPort, render: () => metrics.render(), healthy });
  } catch (cause) {
    throw new RerailError('port-taken', `metrics cannot be served at ${host}:${metricsPort}: ${messageOf(cause)}`, {
      remedy: 'Give another metricsPort or metricsHost; 0 takes any port that is free.',
      cause,
    });
  }
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Runs the workers of this host until it is told to stop, or until the process that forked it is gone. */
export async function serveWorker(settings: Settings): Promise<void> {
  const logger = createLogger({ level: settings.logLevel, format: settings.logFormat });
  const { sdkMetricsPort, metricsHost } = settings;
  installRuntime(logger, {
    metricsAddress: sdkMetricsPort === undefined ? undefined : `${bracketed(metricsHost)}:${sdkMetricsPort}`,
  });
  const stop = onInterrupt();
  const resolved = await resolveConnection(settings);
  const dataConverter = await converterOf(settings);
  const connection = await openNativeConnection(resolved, 15_000);
  const tracing = await startTracing({ component: 'worker', version });
  let metricsServer: Listening | undefined;
  try {
    const converting = dataConverter ? { dataConverter } : {};
    const { namespace } = resolved;
    // A mistake in the file is told now, and not when somebody should be called.
    if (settings.notificationsFile !== undefined) await loadNotifications(settings.notificationsFile);
    if (settings.monitorsDir !== undefined) await loadMonitorsDir(settings.monitorsDir);
    const client = new Client({ connection, namespace, ...converting });
    const metrics = metricsOf(settings, client, logger);
    const workers = await createWorkers({
      settings,
      connection,
      namespace,
      notifier: createLogNotifier(logger),
      metrics,
      ...converting,
      ...(tracing ? { tracing } : {}),
    });
    metricsServer = await serve(settings, metrics, workers);
    if (metricsServer) logger.info({ url: `${metricsServer.url}/metrics` }, 'metrics are served');
    if (settings.notificationsFile !== undefined) await startNotifier(settings, client, logger);
    if (settings.monitorsDir !== undefined) await startMonitors(settings, settings.monitorsDir, client, logger);
    await registerHost(settings, client, logger);
    if (settings.storeCare === 'daily') await scheduleStoreCare(settings, client, logger);
    // Started by `rerail up`: when that process dies, however it dies, so does this one.
    const parentGone = new AbortController();
    process.once('disconnect', () => parentGone.abort());
    const running = runWorkers(workers, AbortSignal.any([stop, parentGone.signal]));
    logger.debug({ host: settings.host, taskQueue: settings.taskQueue }, 'worker is ready');
    process.send?.('ready');
    await running;
  } finally {
    await metricsServer?.close();
    await tracing?.close();
    await connection.close();
    if (process.connected) process.disconnect();
  }
}

/** Who comes back after another host has taken over has to know it before anything is begun here. */
async function registerHost(settings: Settings, client: Client, logger: Logger): Promise<void> {
  const { host, taskQueue } = settings;
  const { hosts } = createRecoveryClient({ client, taskQueue });
  try {
    const { failedOver, drained } = await hosts.register(host, await describeWorker(settings, version));
    const remedy = `rerail host undrain ${host} --reason "…"`;
    if (failedOver)
      logger.warn({ host, ...failedOver, remedy }, `${describeFailover(host, failedOver)}: nothing new begins here`);
    else if (drained) logger.warn({ host, ...drained, remedy }, `${host} is drained: nothing new begins here`);
  } catch (error) {
    logger.warn({ host, reason: messageOf(error) }, 'the host is not registered');
  }
}

async function scheduleStoreCare({ host, taskQueue }: Settings, client: Client, logger: Logger): Promise<void> {
  const { storeCare } = createRecoveryClient({ client, taskQueue });
  await storeCare.keepScheduled(host).then(
    (found) => {
      if (found === 'off') logger.info({ host }, 'the nightly care of the store stays off, as somebody has set it');
    },
    (error: unknown) => {
      logger.warn({ host, reason: messageOf(error) }, 'the nightly care of the store is not scheduled');
    },
  );
}

async function startNotifier({ taskQueue }: Settings, client: Client, logger: Logger): Promise<void> {
  const { notifications } = createRecoveryClient({ client, taskQueue });
  await notifications.startNotifier().catch((error: unknown) => {
    logger.warn({ taskQueue, reason: messageOf(error) }, 'nobody is told of recoveries: the notifier did not start');
  });
}

/** In the background: an update is answered when the worker runs. Definitions of other hosts are left to those. */
async function startMonitors(
  { taskQueue, host }: Settings,
  folder: string,
  client: Client,
  logger: Logger,
): Promise<void> {
  const { monitors } = createRecoveryClient({ client, taskQueue });
  const mine = (await loadMonitorsDir(folder)).filter(({ definition: { spec } }) => (spec.host ?? host) === host);
  for (const { definition, file } of mine) {
    const { name } = definition.metadata;
    const change = { by: `worker of ${host}`, reason: `loaded from ${file}`, defaultHost: host };
    void monitors.start(definition, change).then(
      () => logger.info({ monitor: name }, 'the monitor watches'),
      (error: unknown) => logger.warn({ monitor: name, reason: messageOf(error) }, 'the monitor did not start'),
    );
  }
}

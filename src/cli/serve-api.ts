import { startApi, type RunningServer } from '../api/server.ts';
import { readWaiting } from '../client/waiting-recoveries.ts';
import { leadsToEmbedded } from '../config/connection.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import { messageOf } from '../domain/errors.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics/create-metrics.ts';
import { openClient } from './connect.ts';
import { version } from './version.ts';

export interface ServeApiOptions {
  loaded: LoadedSettings;
  /** Address of Temporal's own UI, for links. */
  temporalUi?: string | undefined;
}

/** The API with a connection of its own. Throws `server-unreachable` and what `startApi` throws. */
export async function serveApi({ loaded, temporalUi }: ServeApiOptions): Promise<RunningServer> {
  const { settings, sources } = loaded;
  const logger = createLogger({ level: settings.logLevel, format: settings.logFormat });
  const { client, recoveries, close } = await openClient(settings, 'api');
  const metrics = createMetrics({
    version,
    host: settings.host,
    sources: { waiting: () => readWaiting(client), breakers: () => recoveries.breakers.list() },
    onError: (source, error) => logger.warn({ source, reason: messageOf(error) }, 'a metric cannot be read'),
  });
  try {
    const server = await startApi({
      settings,
      recoveries,
      logger,
      embedded: await leadsToEmbedded(settings),
      portGiven: sources.apiPort !== undefined && sources.apiPort.kind !== 'default',
      metrics,
      ...(temporalUi === undefined ? {} : { temporalUi }),
    });
    return {
      ...server,
      async close() {
        await server.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

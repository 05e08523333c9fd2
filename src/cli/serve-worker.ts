import { Client } from '@temporalio/client';
import { createRecoveryClient } from '../client/recovery-client.ts';
import { resolveConnection } from '../config/connection.ts';
import { openNativeConnection } from '../config/open-connection.ts';
import type { Settings } from '../config/settings.ts';
import { messageOf } from '../domain/errors.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createLogNotifier, createWorkers, installRuntime, runWorkers } from '../worker.ts';
import { onInterrupt } from './interrupt.ts';

/** Runs the workers of this host until it is told to stop, or until the process that forked it is gone. */
export async function serveWorker(settings: Settings): Promise<void> {
  const logger = createLogger({ level: settings.logLevel, format: settings.logFormat });
  installRuntime(logger);
  const stop = onInterrupt();
  const resolved = await resolveConnection(settings);
  const connection = await openNativeConnection(resolved, 15_000);
  try {
    const workers = await createWorkers({
      settings,
      connection,
      namespace: resolved.namespace,
      notifier: createLogNotifier(logger),
    });
    if (settings.storeCare === 'daily') {
      const { storeCare } = createRecoveryClient({
        client: new Client({ connection, namespace: resolved.namespace }),
        taskQueue: settings.taskQueue,
      });
      const { host } = settings;
      await storeCare.keepScheduled(host).then(
        (found) => {
          if (found === 'off') logger.info({ host }, 'the nightly care of the store stays off, as somebody has set it');
        },
        (error: unknown) => {
          logger.warn({ host, reason: messageOf(error) }, 'the nightly care of the store is not scheduled');
        },
      );
    }
    // Started by `rerail up`: when that process dies, however it dies, so does this one.
    const parentGone = new AbortController();
    process.once('disconnect', () => parentGone.abort());
    const running = runWorkers(workers, AbortSignal.any([stop, parentGone.signal]));
    logger.debug({ host: settings.host, taskQueue: settings.taskQueue }, 'worker is ready');
    process.send?.('ready');
    await running;
  } finally {
    await connection.close();
    if (process.connected) process.disconnect();
  }
}

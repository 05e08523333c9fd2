import { Runtime } from '@temporalio/worker';
import { logFields } from './log-fields.ts';
import type { Logger } from './logger.ts';

export interface RuntimeOptions {
  /** `host:port` where Temporal's own metrics are served for Prometheus. */
  metricsAddress?: string | undefined;
}

/** Sends the SDK's own log lines through our logger. Once per process, before the first worker. */
export function installRuntime(logger: Logger, { metricsAddress }: RuntimeOptions = {}): void {
  const log =
    (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') => (message: string, meta?: Record<string, unknown>) =>
      logger[level](logFields(meta), message);
  Runtime.install({
    shutdownSignals: [],
    ...(metricsAddress === undefined
      ? {}
      : {
          telemetryOptions: {
            metrics: {
              prometheus: {
                bindAddress: metricsAddress,
                useSecondsForDurations: true,
                unitSuffix: true,
                countersTotalSuffix: true,
              },
            },
          },
        }),
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

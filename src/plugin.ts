import { Client } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { SimplePlugin, type SimplePluginOptions } from '@temporalio/plugin';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import { createBreakerCache } from './activities/breakers/breaker-cache.ts';
import { createHostActivities, createSharedActivities } from './activities/index.ts';
import type { Notifier } from './activities/notify.ts';
import type { CustomPlanner, PlannerContext, PlaybookSpec } from './planner/custom-planner.ts';
import { countActivities, countRecoveries } from './telemetry/metrics/count.ts';
import type { Metrics } from './telemetry/metrics/create-metrics.ts';
import { createWorkers, flushingBreakers, hostDepsOf, sharedDepsOf, type WorkerSettings } from './worker.ts';

export interface RerailPluginOptions {
  /**
   * Where checkpoints and evidence are kept, the host's name, the queue of your worker, and your playbooks; besides, as
   * `rerail worker` takes them, limits, the keys of approvals, the replica and whom to notify.
   */
  settings: WorkerSettings;
  connection: NativeConnection;
  /** Default: `default`. */
  namespace?: string;
  notifier: Notifier;
  /** Playbooks made in code, by error code: `{ name: 'payments', code: 'PAY-*', plan: (failure) => ({ actions: [...] }) }`. */
  planners?: readonly CustomPlanner[];
  /**
   * Paths of workflow interceptor modules of yours that have failed activities recovered: `export const interceptors =
   * recoverActivities({ rules })`. With a prebuilt bundle, give this plugin to `bundleWorkflowCode` as well.
   */
  workflowInterceptors?: readonly string[];
  /**
   * Encrypts payloads (`createDataConverter`); give it to your clients as well. A bundle of your own hides the texts of
   * failures when it was made with the `failureConverterPath` of this converter.
   */
  dataConverter?: DataConverter;
  /** Counts what this worker does (`createMetrics`). */
  metrics?: Metrics;
}

/** Listens to what the recovery workflow tells, which no option of SimplePlugin does. */
class RerailPlugin extends SimplePlugin {
  readonly #metrics: Metrics | undefined;

  constructor(metrics: Metrics | undefined, options: SimplePluginOptions) {
    super(options);
    this.#metrics = metrics;
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    return super.configureWorker({ ...options, sinks: { ...countRecoveries(this.#metrics), ...options.sinks } });
  }
}

/**
 * Gives your own Temporal worker the activities of Rerail. A TypeScript plugin cannot add workflows, so re-export them
 * from yours: `export * from 'rerail/workflows'`. The host's activities run on `rerail-host-<host>`; run a second
 * worker with {@link createHostActivities} on that queue, or `rerail worker`.
 */
export function createRerailPlugin({
  dataConverter,
  metrics,
  settings,
  connection,
  namespace = 'default',
  notifier,
  planners = [],
  workflowInterceptors = [],
}: RerailPluginOptions): SimplePlugin {
  const client = new Client({ connection, namespace, ...(dataConverter ? { dataConverter } : {}) });
  const deps = sharedDepsOf(settings, client, notifier, planners);
  return new RerailPlugin(metrics, {
    name: 'rerail.RerailPlugin',
    ...(dataConverter ? { dataConverter } : {}),
    activities: createSharedActivities(deps),
    runContext: flushingBreakers(deps),
    workerInterceptors: {
      ...(metrics ? { activity: [countActivities(metrics)] } : {}),
      ...(workflowInterceptors.length === 0 ? {} : { workflowModules: [...workflowInterceptors] }),
    },
  });
}

export { createBreakerCache, createHostActivities, createSharedActivities, createWorkers, hostDepsOf };
export { createDataConverter } from './encryption/create-data-converter.ts';
export { createCodecHandler } from './encryption/codec-handler.ts';
export { createEncryptionCodec } from './encryption/encryption-codec.ts';
export { loadKeyring } from './encryption/load-keyring.ts';
export { createMetrics } from './telemetry/metrics/create-metrics.ts';
export type { Metrics };
export type { BreakerCache } from './activities/breakers/breaker-cache.ts';
export type { CustomPlanner, Notifier, PlannerContext, PlaybookSpec };

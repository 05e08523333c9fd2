import { parseInput } from '../../domain/parse-input.ts';
import { ServiceSpecSchema, type ServiceSpec } from '../../domain/service.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import type { ServiceChange } from '../../domain/service.ts';
import { asActivity } from '../support/as-activity.ts';
import { withHeartbeat } from '../support/with-heartbeat.ts';
import { checkService, testConnectivity, verifyService } from './api/check-service.ts';
import { clearErrorCache } from './api/clear-error-cache.ts';
import { restoreTraffic } from './api/restore-traffic.ts';
import { checkCache, verifyCache } from './cache/check-cache.ts';
import { clearCorruptEntries, putEntriesBack } from './cache/clear-corrupt-entries.ts';
import { rebuildCache } from './cache/rebuild-cache.ts';
import { checkDatabaseIntegrity } from './database/check-integrity.ts';
import { resetConnectionPool } from './database/reset-connection-pool.ts';
import { resumeOperations } from './database/resume-operations.ts';
import { checkQueue, healQueue, undoHealQueue, verifyQueue } from './queue/heal-queue.ts';
import { refused, type ServiceDependencies, type ServiceInput } from './service-context.ts';

type Kind = keyof ServiceSpec;

/**
 * Activities that heal a service by its definition (requirements 4.5, 6.3). Every one may be repeated, and killed at any
 * moment; each is given the whole definition, so that any worker can do it.
 */
export function createServiceActivities({ services, keys, signal }: ServiceDependencies) {
  const specOf = <K extends Kind>(kind: K, { service }: ServiceInput): NonNullable<ServiceSpec[K]> => {
    const found = parseInput(ServiceSpecSchema, service, 'The service')[kind];
    if (found) return found;
    throw new RerailError('invalid-input', `the service is no ${kind}`, {
      remedy: `Give its definition under service.${kind}.`,
      nonRetryable: true,
    });
  };
  const execution = (): { execution: string; signal: AbortSignal } => ({
    execution: keys().execution,
    signal: signal(),
  });
  const once = (): { key: string; signal: AbortSignal } => ({ key: keys().step, signal: signal() });
  /** An activity of one kind of service. */
  const of = <K extends Kind, Out>(
    kind: K,
    work: (spec: NonNullable<ServiceSpec[K]>, input: ServiceInput) => Promise<Out>,
  ) => asActivity(async (input: ServiceInput) => work(specOf(kind, input), input));

  return {
    /** For recoveries: what clients are told. */
    tellService: asActivity(({ service, change }: { service: string; change: ServiceChange }) =>
      withHeartbeat(() => services.change(service, change)),
    ),
    checkService: of('api', (spec) => checkService(spec, signal())),
    testServiceConnection: of('api', (spec) => testConnectivity(spec, signal())),
    verifyService: of('api', (spec) => verifyService(spec, signal())),
    clearErrorCache: of('api', (spec) => clearErrorCache(spec, once())),
    restoreTraffic: of('api', (spec, { name }) =>
      restoreTraffic(spec, { name, services, ...keys(), signal: signal() }),
    ),
    /** Undo: {@link restoreRequestRate}. */
    adjustRequestRate: of('api', async ({ rate }, { name }) => {
      if (!rate) throw refused('the component names no rate', 'Name it in service.api.rate.');
      const { execution: by, step } = keys();
      await services.change(name, { type: 'throttle', id: step, by, reason: 'it takes no more for now', rate });
      return { factor: rate.factor };
    }),
    /** The full rate at once. */
    restoreRequestRate: of('api', async (_spec, { name }) => {
      const { execution: by, step } = keys();
      await services.change(name, { type: 'unthrottle', id: step, by, reason: 'its recovery is undone' });
      return { restored: true };
    }),
    /** Undo: none, clients open their connections anew. */
    resetConnectionPool: of('database', async (spec, { name }) => {
      const done = await resetConnectionPool(spec, signal());
      const { execution: by, step } = keys();
      await services.change(name, { type: 'reset', id: step, by, reason: 'the database has been away or stuck' });
      return done;
    }),
    checkDatabaseIntegrity: of('database', (spec) => checkDatabaseIntegrity(spec, signal())),
    resumeOperations: of('database', (spec, { name }) => resumeOperations(spec, { name, services, signal: signal() })),
    checkCache: of('cache', (spec) => checkCache(spec, signal())),
    clearCorruptEntries: of('cache', (spec) => clearCorruptEntries(spec, execution())),
    putEntriesBack: of('cache', (spec) => putEntriesBack(spec, execution())),
    rebuildCache: of('cache', (spec) => rebuildCache(spec, once())),
    verifyCache: of('cache', (spec) => verifyCache(spec, signal())),
    checkQueue: of('queue', (spec) => checkQueue(spec, signal())),
    healQueue: of('queue', (spec) => healQueue(spec, execution())),
    undoHealQueue: of('queue', (spec) => undoHealQueue(spec, execution())),
    verifyQueue: of('queue', (spec) => verifyQueue(spec, signal())),
  };
}

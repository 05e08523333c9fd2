import type { Client } from '@temporalio/client';
import { isRerailError } from '../domain/errors.ts';
import type { ServiceSnapshot } from '../domain/service.schema.ts';
import { SHARED_TASK_QUEUE } from '../domain/wire-names.ts';
import { createServices, type Services } from './services.ts';

/** What the user of a service goes by. */
export type ServiceView = Pick<
  ServiceSnapshot,
  'degraded' | 'reason' | 'since' | 'until' | 'ratePerSecond' | 'trafficPercent' | 'resets' | 'version'
> & {
  /** The state could not be read; this is what was known last. */
  stale: boolean;
};

export interface ServiceStateOptions {
  client: Client;
  /** Default `rerail`. */
  taskQueue?: string;
  /** How old an answer may be; milliseconds, at most 1000, which is the default. */
  maxAgeMs?: number;
}

type Listener = (view: ServiceView) => void;

const NORMAL: ServiceView = {
  degraded: false,
  reason: null,
  since: null,
  until: null,
  ratePerSecond: null,
  trafficPercent: 100,
  resets: 0,
  version: 0,
  stale: false,
};

const MAX_AGE_MS = 1000;

/** One watched service. */
export interface WatchedService {
  /** At most `maxAgeMs` old. Never throws: with `stale`, what was known last. */
  current(): Promise<ServiceView>;
  /** Called with each change from now on, until the answer is called. */
  onChange(listener: Listener): () => void;
  /** Called when connections are to be opened anew: replace the pool of this process. */
  onReset(listener: Listener): () => void;
  /** Ends the looks. */
  close(): void;
}

function watchService(services: Pick<Services, 'status'>, name: string, maxAgeMs: number): WatchedService {
  let known: { view: ServiceView; at: number } | undefined;
  let asking: Promise<ServiceView> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const changes = new Set<Listener>();
  const resets = new Set<Listener>();

  const read = async (): Promise<ServiceView> => {
    try {
      const {
        degraded,
        reason,
        since,
        until,
        ratePerSecond,
        trafficPercent,
        resets: count,
        version,
      } = await services.status(name);
      return { degraded, reason, since, until, ratePerSecond, trafficPercent, resets: count, version, stale: false };
    } catch (error) {
      if (isRerailError(error) && error.code === 'service-state-not-found') return NORMAL;
      return { ...(known?.view ?? NORMAL), stale: true };
    }
  };
  const refresh = async (): Promise<ServiceView> => {
    const before = known?.view;
    const view = await read();
    known = { view, at: Date.now() };
    if (before && before.resets !== view.resets) for (const listener of resets) listener(view);
    if (before && (before.version !== view.version || before.ratePerSecond !== view.ratePerSecond))
      for (const listener of changes) listener(view);
    return view;
  };
  const current = (): Promise<ServiceView> => {
    if (known && Date.now() - known.at < maxAgeMs) return Promise.resolve(known.view);
    asking ??= refresh().finally(() => (asking = undefined));
    return asking;
  };
  const look = (): void => {
    timer = setTimeout(() => {
      void current().finally(() => {
        if (timer) look();
      });
    }, maxAgeMs);
    // Nobody's process lives longer for it.
    timer.unref();
  };
  const listen = (set: Set<Listener>, listener: Listener): (() => void) => {
    set.add(listener);
    if (!timer) {
      void current();
      look();
    }
    return () => {
      set.delete(listener);
      if (changes.size + resets.size === 0) stop();
    };
  };
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    current,
    onChange: (listener) => listen(changes, listener),
    onReset: (listener) => listen(resets, listener),
    close() {
      changes.clear();
      resets.clear();
      stop();
    },
  };
}

/**
 * For the processes that use a service: is it degraded, how much may be sent, when to open connections anew (requirement
 * 4.6). A look takes one query of Temporal at most each second.
 */
export function createServiceState({
  client,
  taskQueue = SHARED_TASK_QUEUE,
  maxAgeMs = MAX_AGE_MS,
}: ServiceStateOptions) {
  const services = createServices(client, taskQueue);
  return {
    watch: (name: string): WatchedService => watchService(services, name, Math.min(maxAgeMs, MAX_AGE_MS)),
    /** Keeps an operation that the database did not take; see docs/guide/services.md. */
    holdOperation: services.holdOperation,
  };
}

export type ServiceStateClient = ReturnType<typeof createServiceState>;

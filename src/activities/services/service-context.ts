import { RerailError } from '../../domain/errors.ts';
import type { ServicesPort } from '../../domain/service.ts';
import type { activityKeys } from '../sessions/as-host-activities.ts';

export interface ServiceDependencies {
  services: ServicesPort;
  /** Of the work that is done; see `activityKeys`. */
  keys: typeof activityKeys;
  signal: () => AbortSignal;
}

/** What every activity of a service is given: the component's name and its definition. */
export interface ServiceInput {
  name: string;
  service: unknown;
}

/** A step that would destroy what nobody has named. Nothing was changed. */
export const refused = (message: string, remedy: string): RerailError =>
  new RerailError('service-refused', message, { remedy, nonRetryable: true });

export const unhealthy = (message: string, details: Record<string, unknown> = {}): RerailError =>
  new RerailError('service-unhealthy', message, {
    remedy: 'See what the service itself says; the recovery tries again as its playbook allows.',
    details,
  });

/** So much is shown of a long list. */
const SHOWN = 20;
export const shorten = <T>(list: readonly T[]): T[] => list.slice(0, SHOWN);

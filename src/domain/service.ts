import type { HeldOperation, RateSpec } from './service.schema.ts';

export type {
  DegradeInput,
  HeldOperation,
  HeldOperationInput,
  ListedService,
  RestoreServiceInput,
  ServiceSnapshot,
  ServiceSpec,
} from './service.schema.ts';

/** Why a service is degraded; there may be several at a time. */
export interface ServiceHold {
  id: string;
  by: string;
  reason: string;
  /** Milliseconds. */
  since: number;
  /** When it lapses; null: only by hand. */
  until: number | null;
}

/** A change of what the clients of a service are told. The same id again changes nothing. */
export type ServiceChange = { id: string; by: string; reason: string } & (
  | { type: 'degrade'; hold: string; until: number | null }
  /** Without a hold: all of them, and the full rate. */
  | { type: 'restore'; hold?: string }
  | { type: 'throttle'; rate: RateSpec }
  | { type: 'unthrottle' }
  | { type: 'traffic'; percent: number; rate?: RateSpec }
  | { type: 'reset' }
);

export const SERVICE_CHANGES = ['degrade', 'restore', 'throttle', 'unthrottle', 'traffic', 'reset'] as const;

/** Of one service: its state travels whole when the history is begun anew. */
export const MAX_HELD = 1000;
export const MAX_HELD_BYTES = 512 * 1024;

/** What activities ask of the state of services. */
export interface ServicesPort {
  change: (name: string, change: ServiceChange) => Promise<void>;
  heldOperations: (name: string) => Promise<HeldOperation[]>;
  /** They are in the database now. */
  dropHeld: (name: string, ids: string[]) => Promise<void>;
}

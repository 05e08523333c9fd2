import type { SandboxService } from '../../domain/drill-sandbox.schema.ts';
import type { SandboxPlace } from './sandbox-place.ts';

export type ServiceOf<Kind> = Extract<SandboxService, { kind: Kind }>;

/** Where a service of a sandbox is started. */
export interface ServiceStart {
  place: SandboxPlace;
  port: number;
  signal?: AbortSignal | undefined;
}

import { stat } from 'node:fs/promises';
import type { DrillFault, FaultKind } from '../../../domain/drill.ts';
import type { SandboxPlace } from '../sandbox-place.ts';

export interface FaultContext {
  place: SandboxPlace;
  /** An earlier try may have done some of it. */
  begun: boolean;
  /** A path of this fault's own, for how things were before. */
  kept: string;
  signal?: AbortSignal | undefined;
}

/** Both may be repeated. What is taken back is as it was, as far as the drill can tell. */
export interface Fault<Kind extends FaultKind> {
  inject: (fault: Extract<DrillFault, { type: Kind }>, context: FaultContext) => Promise<void>;
  takeBack: (fault: Extract<DrillFault, { type: Kind }>, context: FaultContext) => Promise<void>;
}

export type Faults<Kind extends FaultKind> = { [K in Kind]: Fault<K> };

export const isThere = async (file: string): Promise<boolean> =>
  (await stat(file).catch(() => undefined)) !== undefined;

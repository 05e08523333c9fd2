import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { DrillFault, FaultKind } from '../../../domain/drill.ts';
import { resolveInside } from '../../../process/inside.ts';
import type { SandboxPlace } from '../sandbox-place.ts';

export interface FaultContext {
  place: SandboxPlace;
  /** An earlier try may have done some of it. */
  begun: boolean;
  /** A path of this fault's own, for how things were before. */
  kept: string;
  signal?: AbortSignal | undefined;
  /** Of the checkpoints of this host. */
  storePath: string;
}

/** Both may be repeated. What is taken back is as it was, as far as the drill can tell. */
export interface Fault<Kind extends FaultKind> {
  inject: (fault: Extract<DrillFault, { type: Kind }>, context: FaultContext) => Promise<void>;
  takeBack: (fault: Extract<DrillFault, { type: Kind }>, context: FaultContext) => Promise<void>;
}

export type Faults<Kind extends FaultKind> = { [K in Kind]: Fault<K> };

export const isThere = async (file: string): Promise<boolean> =>
  (await stat(file).catch(() => undefined)) !== undefined;

export const inside = ({ place }: FaultContext, name: string): Promise<string> =>
  resolveInside(place.work, name, 'path');
/** Also of one that is not there any more: its folder must be in the sandbox. */
export const placeOf = async (context: FaultContext, name: string): Promise<string> =>
  path.join(await inside(context, path.dirname(name)), path.basename(name));

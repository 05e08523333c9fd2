import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { DrillFault, FaultKind } from '../../../domain/drill.ts';
import { messageOf } from '../../../domain/errors.ts';
import { storeFolder } from '../../../store/store-folder.ts';
import { dataDirOf, type SandboxPlace } from '../sandbox-place.ts';
import type { Fault, FaultContext, Faults } from './fault.ts';
import { FILE_FAULTS } from './files.ts';
import { STORE_FAULTS } from './store.ts';
import { GIT_FAULTS } from './git.ts';
import { MACHINE_FAULTS } from './machine.ts';
import { NETWORK_FAULTS } from './network.ts';
import { PROCESS_FAULTS } from './processes.ts';
import { SERVICE_FAULTS } from './services.ts';
import { SESSION_FAULTS } from './sessions.ts';

/** Every fault that there is, each with its undo. */
export const FAULTS: Faults<FaultKind> = {
  ...FILE_FAULTS,
  ...STORE_FAULTS,
  ...GIT_FAULTS,
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...SERVICE_FAULTS,
  ...SESSION_FAULTS,
  ...MACHINE_FAULTS,
};

interface Mark {
  state: 'begun' | 'done' | 'taken back';
  fault: DrillFault;
  /** When its injection began, at the first try. ISO 8601. */
  at: string;
}

const markOf = ({ root }: SandboxPlace, index: number): string => path.join(root, `fault-${index}.json`);

async function readMark(place: SandboxPlace, index: number): Promise<Mark | undefined> {
  const text = await readFile(markOf(place, index), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Mark);
}

/** The registry has one entry for each type, which TypeScript cannot see through an index. */
const faultOf = ({ type }: DrillFault) => FAULTS[type] as unknown as Fault<'gitLock'>;

type FaultGiven = Extract<DrillFault, { type: 'gitLock' }>;

const contextOf = (place: SandboxPlace, index: number, begun: boolean, signal?: AbortSignal): FaultContext => ({
  place,
  begun,
  signal,
  storePath: storeFolder(dataDirOf(place)),
  kept: path.join(place.root, `before-${index}`),
});

/**
 * Breaks what the drill has made, for real, and says since when. Once: a second try after a lost worker finds its mark
 * and does nothing.
 */
export async function injectFault(
  place: SandboxPlace,
  index: number,
  fault: DrillFault,
  signal?: AbortSignal,
): Promise<{ at: string }> {
  signal?.throwIfAborted();
  const known = await readMark(place, index);
  const at = known?.at ?? new Date().toISOString();
  if (known && known.state !== 'begun') return { at };
  await writeFileAtomic(markOf(place, index), JSON.stringify({ state: 'begun', fault, at } satisfies Mark));
  signal?.throwIfAborted();
  await faultOf(fault).inject(fault as FaultGiven, contextOf(place, index, known !== undefined, signal));
  await writeFileAtomic(markOf(place, index), JSON.stringify({ state: 'done', fault, at } satisfies Mark));
  return { at };
}

/** Once, and nothing for a fault that was never begun. */
export async function takeBackFault(place: SandboxPlace, index: number): Promise<void> {
  const known = await readMark(place, index);
  if (!known || known.state === 'taken back') return;
  await faultOf(known.fault).takeBack(known.fault as FaultGiven, contextOf(place, index, true));
  await writeFileAtomic(markOf(place, index), JSON.stringify({ ...known, state: 'taken back' } satisfies Mark));
}

/** What binds the sandbox to its place, or lies outside of it; all else goes with it. */
const BINDS: readonly FaultKind[] = ['permissionDenied', 'flipBitInStore'];

/** The latest first; the answer says what could not be. */
export async function takeBackBinding(place: SandboxPlace): Promise<string[]> {
  const names = await readdir(place.root).catch(() => []);
  const indexes = names.flatMap((name) => /^fault-(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
  const problems: string[] = [];
  for (const index of indexes.sort((a, b) => b - a)) {
    const mark = await readMark(place, index);
    if (!mark || !BINDS.includes(mark.fault.type)) continue;
    await takeBackFault(place, index).catch((error: unknown) => {
      problems.push(`${mark.fault.type}: ${messageOf(error)}`);
    });
  }
  return problems;
}

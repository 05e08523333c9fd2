import { mkdir, open, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { toMs } from '../../../domain/duration.ts';
import type { Duration } from '../../../domain/duration.ts';
import { codeOf } from '../../../domain/errors.ts';
import { findCommand } from '../../../process/find-command.ts';
import { resolveInside } from '../../../process/inside.ts';
import { missingTool } from '../missing-tool.ts';
import { endSandboxProcess, startSandboxProcess } from '../sandbox-processes.ts';
import type { FaultContext, Faults } from './fault.ts';

type Kind = 'diskFull' | 'cpuExhaustion' | 'memoryExhaustion';

const BLOCK = 64 * 1024;
/** Drills of before could not say how nice. */
const NICEST = 19;
/** A load beside a fault of the same kind is a process of its own. */
const cpuName = (nice = NICEST): string => `.stress-cpu-${nice}`;
const MEMORY = '.stress-memory';

/** Bounded by itself, should nobody be left to end it. */
async function stress(
  { place }: FaultContext,
  name: string,
  words: readonly string[],
  { limit, nice = NICEST }: { limit: Duration; nice?: number },
): Promise<void> {
  const file = await findCommand('stress-ng', '/').catch((cause: unknown) => {
    throw missingTool('stress-ng', 'stress-ng', cause);
  });
  const seconds = Math.max(1, Math.ceil(toMs(limit) / 1000));
  await startSandboxProcess(place, name, [
    'nice',
    '-n',
    String(nice),
    file,
    ...words,
    '--timeout',
    `${seconds}s`,
    '--quiet',
  ]);
}

/** Until nothing more fits; an earlier try has begun with it. */
async function fill(file: string, signal: AbortSignal | undefined): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const handle = await open(file, 'a');
  try {
    for (let size = BLOCK; size >= 1;) {
      signal?.throwIfAborted();
      try {
        await handle.write(Buffer.alloc(size));
        if (size < BLOCK) size = Math.floor(size / 2);
      } catch (error) {
        if (codeOf(error) !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
  } finally {
    await handle.close();
  }
}

/** Only a disk of the drill's own is ever filled. */
async function diskOf({ place }: FaultContext, name: string): Promise<string> {
  const folder = await resolveInside(place.work, name, 'disk');
  const [own, around] = await Promise.all([statfs(folder), statfs(place.root)]);
  if (own.blocks * own.bsize !== around.blocks * around.bsize) return folder;
  throw missingTool(`a disk of its own at "${name}" (spec.sandbox.disks)`, 'mount');
}

export const MACHINE_FAULTS: Faults<Kind> = {
  diskFull: {
    inject: async ({ disk, file }, context) => fill(path.join(await diskOf(context, disk), file), context.signal),
    takeBack: ({ disk, file }, { place }) => rm(path.join(place.work, disk, file), { force: true }),
  },
  cpuExhaustion: {
    inject: ({ workers, limit, nice }, context) =>
      stress(context, cpuName(nice), ['--cpu', String(workers)], { limit, nice }),
    takeBack: ({ nice }, { place }) => endSandboxProcess(place, cpuName(nice)),
  },
  memoryExhaustion: {
    inject: ({ bytes, limit }, context) =>
      stress(context, MEMORY, ['--vm', '1', '--vm-bytes', String(bytes), '--vm-keep'], { limit }),
    takeBack: (_fault, { place }) => endSandboxProcess(place, MEMORY),
  },
};

import { mkdir, readdir, readFile } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { codeOf, messageOf } from '../../domain/errors.ts';
import { sha256 } from '../../process/digests.ts';
import { isSame, type BusyProcess } from './busy-processes.ts';

type Lowered = Pick<BusyProcess, 'pid' | 'startTime' | 'bootId' | 'name'> & { before: number };

/** A priority belongs to a thread: what is set for the number of a process is that of its first one only. */
async function setForAll(pid: number, priority: number): Promise<void> {
  const threads = (await readdir(`/proc/${pid}/task`)).map(Number);
  for (const thread of threads) {
    try {
      setPriority(thread, priority);
    } catch (error) {
      // A thread may end meanwhile; its process is another matter.
      if (codeOf(error) !== 'ERR_SYSTEM_ERROR' || thread === pid || !messageOf(error).includes('ESRCH')) throw error;
    }
  }
}

/** Priorities that one recovery has lowered, written down before they are. */
export function createPriorities(folder: string, key: string) {
  const record = path.join(folder, `${sha256(key).slice(0, 32)}.json`);
  const readAll = async (): Promise<Lowered[]> => {
    const text = await readFile(record, 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return '[]';
      throw error;
    });
    return JSON.parse(text) as Lowered[];
  };
  const write = async (all: readonly Lowered[]): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileAtomic(record, JSON.stringify(all), { mode: 0o600 });
  };
  return {
    /** False: its priority is as low already. */
    async lower({ pid, startTime, bootId, name }: BusyProcess, nice: number): Promise<boolean> {
      const before = getPriority(pid);
      if (before >= nice) return false;
      const known = await readAll();
      const isKnown = known.some((one) => one.pid === pid && one.startTime === startTime);
      if (!isKnown) await write([...known, { pid, startTime, bootId, name, before }]);
      await setForAll(pid, nice);
      return true;
    },
    /** Puts them back as they were. Those that are not allowed stay in the record and are told. */
    async raise(): Promise<{ restored: string[]; skipped: string[] }> {
      const restored: string[] = [];
      const skipped: string[] = [];
      const kept: Lowered[] = [];
      const known = await readAll();
      for (const one of known) {
        if (!(await isSame(one))) continue;
        try {
          await setForAll(one.pid, one.before);
          restored.push(`${one.name} (${one.pid})`);
        } catch (error) {
          kept.push(one);
          skipped.push(`${one.name} (${one.pid}) stays at a lower priority: ${messageOf(error)}`);
        }
      }
      if (known.length > 0) await write(kept);
      return { restored, skipped };
    },
  };
}

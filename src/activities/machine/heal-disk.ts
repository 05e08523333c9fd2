import { rm } from 'node:fs/promises';
import { messageOf } from '../../domain/errors.ts';
import type { Machine } from '../../domain/machine.schema.ts';
import { DEFAULT_RETENTION, type LedgerCare } from '../../domain/store-care.ts';
import { cleanCaches } from '../system.ts';
import { findOldFiles, type OldFile } from './old-files.ts';
import type { createAside } from './set-aside.ts';

export interface HealedDisk {
  dryRun: boolean;
  before: string;
  after: string;
  freedBytes: number;
  /** The first of them. */
  removed: string[];
  removedTotal: number;
  /** Of those, how many can be put back. */
  aside: number;
  caches: string[];
  checkpoints: string[];
  skipped: string[];
}

export interface HealDiskDeps {
  look: () => Promise<{ passed: boolean; observed: string }>;
  aside: ReturnType<typeof createAside>;
  host: string;
  /** Absent: there is no server to ask. */
  cleanLedgers?: LedgerCare['cleanLedgers'] | undefined;
  now: number;
}

const SHOWN = 50;
const sum = (files: readonly OldFile[]): number => files.reduce((total, { bytes }) => total + bytes, 0);

/** Removes what the definition lists, oldest first: files, caches, then old checkpoints. A dry run says what would go. */
export async function healDisk(
  rules: NonNullable<Machine['disk']>,
  dryRun: boolean,
  deps: HealDiskDeps,
): Promise<HealedDisk & { passed: boolean }> {
  const { look, aside, host, cleanLedgers, now } = deps;
  const first = await look();
  const done: HealedDisk = {
    ...{ dryRun, before: first.observed, after: first.observed, freedBytes: 0, removed: [], removedTotal: 0 },
    ...{ aside: 0, caches: [], checkpoints: [], skipped: [] },
  };
  if (first.passed && !dryRun) return { ...done, passed: true };
  /** What goes wrong in one place does not keep the others full. */
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      done.skipped.push(`${what}: ${messageOf(error)}`);
    }
  };
  for (const rule of rules.remove) {
    await attempt(rule.folder, async () => {
      const files = await findOldFiles(rule, now);
      const kept = new Set(await aside.fitting(files));
      if (!dryRun) {
        await aside.move([...kept]);
        for (const one of files) if (!kept.has(one)) await rm(one.file, { force: true });
      }
      done.aside += kept.size;
      done.removedTotal += files.length;
      done.removed = [...done.removed, ...files.map(({ file }) => file)].slice(0, SHOWN);
      done.freedBytes += sum(files);
    });
  }
  for (const { folder, patterns } of rules.caches) {
    await attempt(folder, async () => {
      const cleaned = await cleanCaches({ workspace: folder, dryRun, ...(patterns ? { patterns } : {}) });
      done.caches.push(...cleaned.removed.map((name) => `${folder}/${name}`).slice(0, SHOWN));
      done.freedBytes += cleaned.freedBytes;
    });
  }
  if (rules.checkpoints && dryRun) done.skipped.push('checkpoints: their ledgers decide when it is done');
  else if (rules.checkpoints && cleanLedgers) {
    await attempt('checkpoints', async () => {
      for (const { ids, freedBytes } of await cleanLedgers({ host, policy: DEFAULT_RETENTION })) {
        done.checkpoints.push(...ids);
        done.freedBytes += freedBytes;
      }
    });
  }
  const last = await look();
  return { ...done, after: last.observed, passed: last.passed };
}

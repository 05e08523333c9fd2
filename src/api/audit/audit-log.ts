import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { AuditEntry } from '../../domain/audit.schema.ts';
import { messageOf, RerailError } from '../../domain/errors.ts';
import { auditFiles, lastWholeEntry } from './read-audit.ts';

export const FIRST_HASH = '0'.repeat(64);

export type AuditFields = Omit<AuditEntry, 'seq' | 'at' | 'previous' | 'hash'>;

/** Over everything but the hash itself. */
export const hashEntry = (entry: Omit<AuditEntry, 'hash'>): string =>
  createHash('sha256').update(canonicalJson(entry)).digest('hex');

interface Waiting {
  fields: AuditFields;
  resolve: () => void;
  reject: (error: Error) => void;
}

export interface AuditLog {
  folder: string;
  /** Resolves when the line is on disk. Throws `audit-failed`. */
  append: (fields: AuditFields) => Promise<void>;
  close: () => Promise<void>;
}

const failed = (error: unknown): RerailError =>
  new RerailError('audit-failed', 'the audit cannot be written, so that nothing may be changed', {
    remedy: 'Make room in the data directory and start the server again.',
    details: { reason: messageOf(error) },
    cause: error,
  });

/**
 * The audit of this process: a file of its own, so that processes do not need a lock; its first line says which file it
 * follows. Lines that come together are written together and then brought to disk once.
 */
export async function openAuditLog(folder: string, now: () => Date = () => new Date()): Promise<AuditLog> {
  let handle: FileHandle;
  let seq = 0;
  let previous = FIRST_HASH;
  let waiting: Waiting[] = [];
  let writing: Promise<void> | undefined;
  /** After half a line nothing may follow: it would be taken for a change of what is there. */
  let broken: Error | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        if (broken) throw broken;
        const lines = batch.map(({ fields }) => {
          const entry = { seq: seq + 1, ...fields, at: now().toISOString(), previous };
          const hash = hashEntry(entry);
          seq = entry.seq;
          previous = hash;
          return `${JSON.stringify({ ...entry, hash })}\n`;
        });
        await handle.appendFile(lines.join(''));
        await handle.datasync();
        for (const { resolve } of batch) resolve();
      } catch (error) {
        broken = failed(error);
        for (const { reject } of batch) reject(broken);
      }
    }
    writing = undefined;
  }

  const append = (fields: AuditFields): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ fields, resolve, reject });
      writing ??= writeAll();
    });

  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const before = (await auditFiles(folder)).at(-1);
    const last = before === undefined ? undefined : await lastWholeEntry(path.join(folder, before));
    const name = `${now().toISOString().replaceAll(':', '-')}-${randomBytes(4).toString('hex')}.jsonl`;
    handle = await open(path.join(folder, name), 'ax', 0o600);
    await append({
      kind: 'opened',
      ...(before === undefined ? {} : { follows: { file: before, hash: last?.hash ?? FIRST_HASH } }),
    });
  } catch (error) {
    throw error instanceof RerailError ? error : failed(error);
  }
  return {
    folder,
    append,
    async close() {
      await writing;
      await handle.close();
    },
  };
}

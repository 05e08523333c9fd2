import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { AuditEntrySchema, type AuditEntry } from '../../domain/audit.schema.ts';
import { codeOf, RerailError } from '../../domain/errors.ts';

const FILE = /^\d{4}-\d\d-\d\dT[\d.-]+Z-[0-9a-f]{8}\.jsonl$/;

/** Oldest first. Empty where nothing was ever changed. */
export async function auditFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => FILE.test(name)).sort();
}

/** The lines of a file; `torn` is what a crash has left of the last one. */
export async function readLines(file: string): Promise<{ lines: string[]; torn: boolean }> {
  const text = await readFile(file, 'utf8');
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  return { lines, torn: rest !== '' };
}

export function parseEntry(line: string): AuditEntry | undefined {
  try {
    return AuditEntrySchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

export async function lastWholeEntry(file: string): Promise<AuditEntry | undefined> {
  const { lines } = await readLines(file);
  return parseEntry(lines.at(-1) ?? '');
}

const badCursor = (): RerailError =>
  new RerailError('invalid-input', 'the cursor is not one of the audit', {
    remedy: 'Give the nextCursor of the page before.',
    nonRetryable: true,
  });

/** Newest first. The cursor names a file and the line before which to go on. Throws `invalid-input`. */
export async function readAuditPage(
  folder: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ items: AuditEntry[]; nextCursor: string | null }> {
  const files = (await auditFiles(folder)).reverse();
  const [from = files[0] ?? '', before = ''] =
    cursor === undefined ? [] : Buffer.from(cursor, 'base64url').toString('utf8').split('|');
  if (cursor !== undefined && (!FILE.test(from) || !/^\d{1,9}$/.test(before))) throw badCursor();
  const items: AuditEntry[] = [];
  for (const file of files.filter((name) => name <= from)) {
    const { lines } = await readLines(path.join(folder, file));
    const end = file === from && before !== '' ? Math.min(Number(before), lines.length) : lines.length;
    for (let index = end - 1; index >= 0; index--) {
      if (items.length === limit) {
        return { items, nextCursor: Buffer.from(`${file}|${index + 1}`).toString('base64url') };
      }
      const entry = parseEntry(lines[index] ?? '');
      if (entry) items.push(entry);
    }
  }
  return { items, nextCursor: null };
}

import path from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import { FIRST_HASH, hashEntry } from './audit-log.ts';
import { auditFiles, parseEntry, readLines } from './read-audit.ts';

export interface AuditVerdict {
  files: number;
  entries: number;
  /** Files whose last line a crash has cut off. */
  torn: string[];
  /** Hash of the newest line: whoever keeps it elsewhere can tell when the end was cut off. */
  lastHash: string | null;
}

const broken = (file: string, line: number, problem: string): RerailError =>
  new RerailError('audit-broken', `${file}:${line}: ${problem}`, {
    remedy: 'Do not rely on the audit from this line on; compare it with a copy or with the log.',
    details: { file, line, problem },
    nonRetryable: true,
  });

interface Checked {
  hashes: Set<string>;
  last: string;
  torn: boolean;
}

async function verifyFile(folder: string, file: string, earlier: ReadonlyMap<string, Checked>): Promise<Checked> {
  const { lines, torn } = await readLines(path.join(folder, file));
  let previous = FIRST_HASH;
  const hashes = new Set<string>([FIRST_HASH]);
  lines.forEach((line, index) => {
    const entry = parseEntry(line);
    const at = index + 1;
    if (!entry) throw broken(file, at, 'the line is not an entry');
    const { hash, ...rest } = entry;
    if (entry.seq !== at) throw broken(file, at, `the entry says that it is number ${entry.seq}`);
    if (entry.previous !== previous) throw broken(file, at, 'the entry before it is another one than it was');
    if (hashEntry(rest) !== hash) throw broken(file, at, 'the entry was changed');
    const { follows } = entry;
    const known = follows && earlier.get(follows.file);
    if (follows && !known) throw broken(file, at, `the file before it, ${follows.file}, is gone`);
    if (follows && !known?.hashes.has(follows.hash)) throw broken(file, at, `${follows.file} was changed or cut off`);
    previous = hash;
    hashes.add(hash);
  });
  return { hashes, last: previous, torn };
}

/** Checks every line of every file against the one before. Throws `audit-broken` that names file and line. */
export async function verifyAudit(folder: string): Promise<AuditVerdict> {
  const checked = new Map<string, Checked>();
  for (const file of await auditFiles(folder)) checked.set(file, await verifyFile(folder, file, checked));
  const all = [...checked];
  return {
    files: all.length,
    entries: all.reduce((sum, [, { hashes }]) => sum + hashes.size - 1, 0),
    torn: all.filter(([, { torn }]) => torn).map(([file]) => file),
    lastHash: all.at(-1)?.[1].last ?? null,
  };
}

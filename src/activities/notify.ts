import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { codeOf } from '../domain/errors.ts';
import type { Evidence } from '../workflows/steps/evidence.ts';

export interface Notice {
  to: string[];
  subject: string;
  /** Where the whole evidence lies. */
  evidenceFile: string;
}

/** Port to the people who are called. */
export interface Notifier {
  notify(notice: Notice): Promise<void>;
}

export interface EscalateInput {
  key: string;
  to: string[];
  evidence: Evidence;
}

/** Writes the evidence and calls the people, once for each key. */
export async function escalate(
  input: EscalateInput,
  deps: { evidenceFolder: string; notifier: Notifier },
): Promise<{ to: string[]; evidenceFile: string }> {
  const { key, to, evidence } = input;
  const evidenceFile = path.join(
    deps.evidenceFolder,
    `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`,
  );
  const told = `${evidenceFile}.sent`;
  const before = await readFile(told, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (before !== undefined) return { to, evidenceFile };
  await mkdir(deps.evidenceFolder, { recursive: true, mode: 0o700 });
  await writeFileAtomic(evidenceFile, `${JSON.stringify(evidence, null, 2)}\n`, { mode: 0o600 });
  await deps.notifier.notify({ to, subject: `${evidence.target} needs a person: ${evidence.message}`, evidenceFile });
  await writeFileAtomic(told, new Date().toISOString(), { mode: 0o600 });
  return { to, evidenceFile };
}

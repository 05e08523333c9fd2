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
  /** Who calls; absent where a notifier is called by something else. */
  recovery?: { workflowId: string; runId: string; target: string; severity?: string; key: string };
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

export interface CallDeps {
  evidenceFolder: string;
  notifier: Notifier;
}

interface Call extends Required<Pick<Notice, 'to' | 'subject' | 'recovery'>> {
  key: string;
  evidence: object;
}

/** Writes the evidence and calls the people, once for each key. */
export async function callOnce(call: Call, deps: CallDeps): Promise<{ to: string[]; evidenceFile: string }> {
  const { key, to, evidence, subject, recovery } = call;
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
  await deps.notifier.notify({ to, subject, evidenceFile, recovery });
  await writeFileAtomic(told, new Date().toISOString(), { mode: 0o600 });
  return { to, evidenceFile };
}

/** A recovery calls for help. */
export function escalate(input: EscalateInput, deps: CallDeps): Promise<{ to: string[]; evidenceFile: string }> {
  const { key, to, evidence } = input;
  const { workflowId, runId, target, classification, message } = evidence;
  return callOnce(
    {
      key,
      to,
      evidence,
      subject: `${target} needs a person: ${message}`,
      recovery: { workflowId, runId, target, key, ...(classification ? { severity: classification.severity } : {}) },
    },
    deps,
  );
}

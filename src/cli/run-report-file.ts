import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import type { RecoveryClient } from '../client/recovery-client.ts';
import { isRerailError } from '../domain/errors.ts';
import { runReportMarkdown, type FoundRecovery } from '../domain/run-report-markdown.ts';
import type { RunReport } from '../domain/run.ts';
import { cannotWrite, writeOut } from './write-out.ts';

const FLAG = '--report';

/** Asked before a run begins, rather than when it is over. Throws `invalid-input`. */
export async function requireReportPlace(file: string): Promise<void> {
  await access(path.dirname(path.resolve(file)), constants.W_OK).catch((cause: unknown) => {
    throw cannotWrite(FLAG, file, cause);
  });
}

/** One that was killed, or whose history is gone, has no report: the rest is told all the same. */
async function findRecovery(recoveries: RecoveryClient, target: string, runId: string): Promise<FoundRecovery> {
  try {
    return await recoveries.getHandle(target, runId).report();
  } catch (error) {
    if (isRerailError(error)) return { runId, missing: error.message };
    throw error;
  }
}

/** Writes the run and the reports of its own recoveries as Markdown. */
export async function writeRunReport(file: string, report: RunReport, recoveries: RecoveryClient): Promise<void> {
  const asked = new Set(report.steps.flatMap((step) => step.recoveries));
  const found = await Promise.all([...asked].map((runId) => findRecovery(recoveries, report.target, runId)));
  await writeOut(FLAG, file, runReportMarkdown(report, found));
}

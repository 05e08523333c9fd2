import { isCancellation, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { DEFAULT_RETENTION, type StoreCareInput, type StoreCareReport } from '../domain/store-care.ts';
import { hostActivities, sharedActivities } from './activity-proxies.ts';
import { isoNow } from './recovery-state.ts';
import { recordError } from './steps/record-error.ts';

const READ_EVERYTHING = '4h';

/**
 * Looks after one host's checkpoint store: reads every byte, repairs, tells the ledgers what it found, makes missing
 * copies, removes what the policy lets go and frees the space. What fails is reported and does not keep the rest back.
 */
export async function storeCare({ host, retention }: StoreCareInput): Promise<StoreCareReport> {
  const onHost = (summary: string) => hostActivities(host, { timeout: READ_EVERYTHING, summary });
  const shared = (summary: string) => sharedActivities({ timeout: '10m', summary });
  const report: StoreCareReport = {
    host,
    startedAt: workflowInfo().startTime.toISOString(),
    finishedAt: '',
    problems: [],
    quarantined: [],
    corrupt: [],
    healed: [],
    missing: [],
    adopted: [],
    removed: [],
    freedBytes: 0,
    replicated: [],
    failures: [],
    usage: { checkpoints: 0, bytes: 0, quarantinedBytes: 0, freeBytes: 0 },
  };
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (isCancellation(error)) throw error;
      report.failures.push(`${what}: ${recordError(error).message}`);
    }
  };

  const { problems, verifiedAt } = await onHost('read the whole store').checkStore();
  report.problems = problems;
  let lost = problems;
  if (problems.length > 0) {
    await attempt('repair', async () => {
      const repaired = await onHost(`repair ${problems.length} problems`).repairStore();
      report.quarantined = repaired.quarantined;
      lost = repaired.problems;
    });
  }
  await attempt('reconciliation', async () => {
    const stored = await onHost('list the store').listStored();
    const about = { host, stored, problems: lost, verifiedAt };
    const found = await shared('tell the ledgers').reconcileLedgers(about);
    report.corrupt = found.corrupt;
    report.healed = found.healed;
    report.missing = found.missing;
    if (found.orphans.length > 0) {
      const records = await onHost('read what no ledger knows').readRecords({ ids: found.orphans });
      for (const record of records) await shared(`record ${record.info.id}`).recordCheckpoint({ record });
      report.adopted = found.orphans;
    }
    if (found.unreplicated.length > 0) {
      const { replicated, failed } = await onHost('make missing copies').replicateCheckpoints({
        ids: found.unreplicated,
      });
      report.replicated = replicated.map(({ id }) => id);
      report.failures.push(...failed);
      if (replicated.length > 0) await shared('record the copies').noteReplicas({ host, replicated });
    }
  });
  if (retention !== null) {
    await attempt('clean-up', async () => {
      const policy = retention ?? DEFAULT_RETENTION;
      const cleaned = await shared('remove old checkpoints').cleanLedgers({ host, policy });
      report.removed = cleaned.filter(({ ids }) => ids.length > 0).map(({ subject, ids }) => ({ subject, ids }));
      report.freedBytes += cleaned.reduce((sum, { freedBytes }) => sum + freedBytes, 0);
    });
  }
  await attempt('sweep', async () => {
    report.freedBytes += (await onHost('free unused content').sweepStore()).freedBytes;
  });
  report.usage = await onHost('measure the store').storeUsage();
  report.finishedAt = isoNow();
  setCurrentDetails(describe(report));
  return report;
}

function describe({ problems, corrupt, missing, healed, failures, usage, freedBytes }: StoreCareReport): string {
  const counts = [
    `${usage.checkpoints} checkpoints, ${Math.round(usage.bytes / 1e6)} MB`,
    `${problems.length} problems`,
    `${corrupt.length} corrupt`,
    `${missing.length} missing`,
    `${healed.length} healed`,
    `${Math.round(freedBytes / 1e6)} MB freed`,
  ];
  return [counts.join(' · '), ...failures.map((failure) => `- ${failure}`)].join('\n');
}

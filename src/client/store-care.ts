import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import {
  reconcileStore,
  type CheckpointFinding,
  type LedgerCare,
  type StoreCareInput,
  type StoreCareReport,
} from '../domain/store-care.ts';
import { storeCareId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import type { storeCare } from '../workflows/store-care.ts';
import type { createCheckpoints } from './checkpoints.ts';
import { translateError } from './errors.ts';

type Checkpoints = ReturnType<typeof createCheckpoints>;

/** What the care of a store asks of the ledgers; it is called by activities. */
export function createLedgerCare(checkpoints: Checkpoints): LedgerCare {
  const ofHost = async (host: string): Promise<Map<string, CheckpointRecord[]>> => {
    const ledgers = new Map<string, CheckpointRecord[]>();
    for (const subject of await checkpoints.subjects())
      ledgers.set(
        subject,
        (await checkpoints.list(subject)).filter((record) => record.host === host),
      );
    return ledgers;
  };
  const note = async (ledgers: Map<string, CheckpointRecord[]>, findings: CheckpointFinding[]): Promise<void> => {
    const byId = new Map(findings.map((finding) => [finding.id, finding]));
    for (const [subject, records] of ledgers) {
      const mine = records.flatMap(({ info }) => byId.get(info.id) ?? []);
      if (mine.length > 0) await checkpoints.noteFindings(subject, mine);
    }
  };
  return {
    async reconcileLedgers({ host, stored, problems, verifiedAt }) {
      const ledgers = await ofHost(host);
      const records = [...ledgers.values()].flat();
      const { findings, ...found } = reconcileStore(records, stored, problems, { verifiedAt, now: Date.now() });
      await note(ledgers, findings);
      const bad = new Set([...found.corrupt, ...found.missing]);
      const unreplicated = records.filter(({ info, replica }) => replica === undefined && !bad.has(info.id));
      return { ...found, unreplicated: unreplicated.map(({ info }) => info.id) };
    },
    async noteReplicas({ host, replicated }) {
      await note(await ofHost(host), replicated);
    },
    async cleanLedgers({ host, policy }) {
      const cleaned: { subject: string; ids: string[]; freedBytes: number }[] = [];
      for (const [subject, records] of await ofHost(host)) {
        if (records.length === 0) continue;
        const { removed, freedBytes } = await checkpoints.cleanup(subject, policy, false);
        cleaned.push({ subject, ids: removed, freedBytes });
      }
      return cleaned;
    },
  };
}

export function createStoreCare(client: Client, taskQueue: string) {
  return {
    /** Looks after a host's store now; joins a care that is under way. */
    async run(input: StoreCareInput): Promise<StoreCareReport> {
      const workflowId = storeCareId(input.host);
      try {
        const handle = await client.workflow.start<typeof storeCare>(WORKFLOW_TYPES.storeCare, {
          workflowId,
          taskQueue,
          args: [input],
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: `care of the checkpoint store on ${input.host}`,
        });
        return await handle.result();
      } catch (error) {
        throw translateError(error, workflowId);
      }
    },
    /** Every night at 3, spread over half an hour; one that is there already stays as it is. */
    async schedule(host: string): Promise<'created' | 'exists'> {
      const scheduleId = storeCareId(host);
      try {
        await client.schedule.create({
          scheduleId,
          spec: { calendars: [{ hour: 3 }], jitter: '30m' },
          action: {
            type: 'startWorkflow',
            workflowType: WORKFLOW_TYPES.storeCare,
            workflowId: scheduleId,
            taskQueue,
            args: [{ host } satisfies StoreCareInput],
          },
          policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1d' },
        });
        return 'created';
      } catch (error) {
        if (error instanceof ScheduleAlreadyRunning) return 'exists';
        throw translateError(error, scheduleId);
      }
    },
    async unschedule(host: string): Promise<'removed' | 'absent'> {
      try {
        await client.schedule.getHandle(storeCareId(host)).delete();
        return 'removed';
      } catch (error) {
        if (error instanceof ScheduleNotFoundError) return 'absent';
        throw translateError(error, storeCareId(host));
      }
    },
  };
}

import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client, type ScheduleHandle } from '@temporalio/client';
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

const TAKEN_OFF = 'taken off: `rerail checkpoint schedule --when daily` turns it on again';

export function createStoreCare(client: Client, taskQueue: string) {
  const guarded = async <T>(host: string, work: (handle: ScheduleHandle) => Promise<T>): Promise<T> => {
    try {
      return await work(client.schedule.getHandle(storeCareId(host)));
    } catch (error) {
      throw translateError(error, storeCareId(host));
    }
  };
  /** False when there is one already, which stays as it is. */
  const create = async (host: string, state: { paused: boolean; note?: string }): Promise<boolean> => {
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
        state,
      });
      return true;
    } catch (error) {
      if (error instanceof ScheduleAlreadyRunning) return false;
      throw translateError(error, scheduleId);
    }
  };

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
    /** Every night at 3, spread over half an hour; one that was taken off is on again. */
    async schedule(host: string): Promise<'created' | 'resumed' | 'exists'> {
      if (await create(host, { paused: false })) return 'created';
      return guarded(host, async (handle) => {
        if (!(await handle.describe()).state.paused) return 'exists';
        await handle.unpause('turned on again');
        return 'resumed';
      });
    },
    /** The same for a host that has none; one that was taken off stays so. For workers, at their start. */
    async keepScheduled(host: string): Promise<'created' | 'exists' | 'off'> {
      if (await create(host, { paused: false })) return 'created';
      return guarded(host, async (handle) => ((await handle.describe()).state.paused ? 'off' : 'exists'));
    },
    /** It stays there, paused: a schedule that were gone would be made anew by the next worker that starts. */
    async unschedule(host: string): Promise<'paused' | 'already off'> {
      if (await create(host, { paused: true, note: TAKEN_OFF })) return 'paused';
      return guarded(host, async (handle) => {
        if ((await handle.describe()).state.paused) return 'already off';
        await handle.pause(TAKEN_OFF);
        return 'paused';
      });
    },
  };
}

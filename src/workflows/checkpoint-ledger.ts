import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { filterCheckpoints, selectForCleanup } from '../domain/checkpoint-list.ts';
import { hostActivities } from './activity-proxies.ts';
import * as messages from './messages.ts';

export interface LedgerInput {
  subject: string;
  /** Carried over continue-as-new. Oldest first. */
  records?: CheckpointRecord[];
}

const CAPTURE_TIMEOUT = '10m';

const backupInfo = (record: CheckpointRecord, id: string, by: string): CheckpointRecord['info'] => ({
  id,
  name: `before restore of ${record.info.name}`,
  type: 'recovery',
  subject: record.info.subject,
  description: `What was there before ${by} restored ${record.info.id}`,
  tags: ['pre-restore'],
  success: true,
});

/**
 * The durable list of a subject's checkpoints. A record made here is an activity result in this history; one made by a
 * run is an activity result there and is added here (requirement 1.7).
 */
export async function checkpointLedger(input: LedgerInput): Promise<void> {
  const records = [...(input.records ?? [])];
  const find = (id: string): CheckpointRecord => {
    const found = records.find(({ info }) => info.id === id);
    if (found) return found;
    throw ApplicationFailure.nonRetryable(`${input.subject} has no checkpoint ${id}`, 'checkpoint-not-found');
  };
  const add = (record: CheckpointRecord): void => {
    if (!records.some(({ info }) => info.id === record.info.id)) records.push(record);
  };
  const remove = async (ids: string[]): Promise<number> => {
    let freedBytes = 0;
    const hosts = new Set(ids.map((id) => find(id).host));
    for (const host of hosts) {
      const mine = ids.filter((id) => find(id).host === host);
      const { deleteCheckpoints } = hostActivities(host, {
        timeout: CAPTURE_TIMEOUT,
        summary: `delete ${mine.length} checkpoints`,
      });
      freedBytes += (await deleteCheckpoints({ ids: mine })).freedBytes;
    }
    for (const id of ids) records.splice(records.indexOf(find(id)), 1);
    return freedBytes;
  };

  setHandler(messages.listCheckpointsQuery, (filter) => filterCheckpoints(records, filter ?? {}), {
    description: 'Newest first, with a filter',
  });
  setHandler(messages.getCheckpointQuery, (id) => records.find(({ info }) => info.id === id) ?? null, {
    description: 'One by id',
  });
  setHandler(messages.addCheckpointUpdate, (record) => {
    add(record);
    return { count: records.length };
  });
  setHandler(messages.createCheckpointUpdate, async ({ host, root, exclude, ...info }) => {
    const { captureCheckpoint } = hostActivities(host, { timeout: CAPTURE_TIMEOUT, summary: `capture ${info.name}` });
    const parentId = records.at(-1)?.info.id;
    const record = await captureCheckpoint({
      info: {
        ...info,
        description: info.description ?? '',
        tags: info.tags ?? [],
        subject: input.subject,
        success: true,
        ...(parentId ? { parentId } : {}),
      },
      root,
      ...(exclude ? { exclude } : {}),
    });
    add(record);
    return record;
  });
  const change = (id: string, changes: Partial<CheckpointRecord>): CheckpointRecord => {
    const record = find(id);
    const changed = { ...record, ...changes };
    records[records.indexOf(record)] = changed;
    return changed;
  };
  setHandler(
    messages.restoreCheckpointUpdate,
    async ({ id, backupId, by, options }) => {
      const record = find(id);
      const { restoreCheckpoint } = hostActivities(record.host, {
        timeout: CAPTURE_TIMEOUT,
        summary: `restore ${id}, asked by ${by}`,
      });
      const { result, backup } = await restoreCheckpoint({
        checkpointId: id,
        backup: options?.dryRun ? null : backupInfo(record, backupId, by),
        ...(options ? { options } : {}),
      });
      if (backup) add(backup);
      return result;
    },
    {
      validator: ({ id, options }: messages.RestoreInput) => {
        const { state, stateReason } = find(id);
        if (state === 'complete' || state === 'partial' || options?.force) return;
        throw ApplicationFailure.nonRetryable(
          `checkpoint ${id} is ${state}${stateReason ? `: ${stateReason}` : ''}`,
          'checkpoint-invalid',
        );
      },
    },
  );
  setHandler(
    messages.verifyCheckpointUpdate,
    async ({ id, level }) => {
      const { verifyCheckpoint } = hostActivities(find(id).host, { timeout: CAPTURE_TIMEOUT, summary: `verify ${id}` });
      const { problems, verifiedAt } = await verifyCheckpoint({ checkpointId: id, level });
      if (problems.length === 0) return change(id, { lastVerifiedAt: verifiedAt, verifyLevel: level });
      const stateReason = problems
        .slice(0, 5)
        .map(({ item, problem }) => `${item}: ${problem}`)
        .join('; ');
      return change(id, { state: 'corrupt', stateReason, lastVerifiedAt: verifiedAt, verifyLevel: level });
    },
    { validator: ({ id }: { id: string }) => void find(id) },
  );
  setHandler(
    messages.invalidateCheckpointUpdate,
    ({ id, reason }) => change(id, { state: 'invalidated', stateReason: reason }),
    { validator: ({ id }: { id: string }) => void find(id) },
  );
  setHandler(messages.deleteCheckpointUpdate, async ({ id }) => ({ freedBytes: await remove([id]) }), {
    validator: ({ id }: { id: string }) => void find(id),
  });
  setHandler(messages.cleanupUpdate, async ({ policy, dryRun }) => {
    const { kept, removed } = selectForCleanup(records, policy, Date.now());
    const freedBytes = dryRun || removed.length === 0 ? 0 : await remove(removed);
    return { kept, removed, freedBytes, dryRun };
  });

  await condition(() => workflowInfo().continueAsNewSuggested);
  await condition(allHandlersFinished);
  await continueAsNew<typeof checkpointLedger>({ subject: input.subject, records });
}

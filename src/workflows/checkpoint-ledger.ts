import { ApplicationFailure, allHandlersFinished, condition, continueAsNew, setHandler, workflowInfo } from '@temporalio/workflow';
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
      const { deleteCheckpoints } = hostActivities(host, { timeout: CAPTURE_TIMEOUT, summary: `delete ${mine.length} checkpoints` });
      freedBytes += (await deleteCheckpoints({ ids: mine })).freedBytes;
    }
    for (const id of ids) records.splice(records.indexOf(find(id)), 1);
    return freedBytes;
  };

  setHandler(messages.listCheckpointsQuery, (filter) => filterCheckpoints(records, filter ?? {}), { description: 'Newest first, with a filter' });
  setHandler(messages.getCheckpointQuery, (id) => records.find(({ info }) => info.id === id) ?? null, { description: 'One by id' });
  setHandler(messages.addCheckpointUpdate, (record) => {
    add(record);
    return { count: records.length };
  });
  setHandler(messages.createCheckpointUpdate, async ({ host, root, exclude, ...info }) => {
    const { captureCheckpoint } = hostActivities(host, { timeout: CAPTURE_TIMEOUT, summary: `capture ${info.name}` });
    const parentId = records.at(-1)?.info.id;
    const record = await captureCheckpoint({
      info: { ...info, description: info.description ?? '', tags: info.tags ?? [], subject: input.subject, success: true, ...(parentId ? { parentId } : {}) },
      root,
      ...(exclude ? { exclude } : {}),
    });
    add(record);
    return record;
  });
  setHandler(
    messages.invalidateCheckpointUpdate,
    ({ id, reason }) => {
      const record = find(id);
      const changed: CheckpointRecord = { ...record, state: 'invalidated', stateReason: reason };
      records[records.indexOf(record)] = changed;
      return changed;
    },
    { validator: ({ id }) => void find(id) },
  );
  setHandler(messages.deleteCheckpointUpdate, async ({ id }) => ({ freedBytes: await remove([id]) }), {
    validator: ({ id }) => void find(id),
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

import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { CheckpointRecord } from '../domain/checkpoint.ts';
import { backupTags, filterCheckpoints, MOVED_GIT, selectForCleanup } from '../domain/checkpoint-list.ts';
import { hostActivities } from './activity-proxies.ts';
import { carryOver, requireRoomInLedger, withoutState } from './ledger-size.ts';
import * as messages from './messages.ts';
import {
  checkCleanup,
  checkCreate,
  checkFindings,
  checkInvalidate,
  checkRecord,
  checkRestore,
} from './steps/check-ledger-message.ts';
import { handleArtifacts } from './steps/handle-artifacts.ts';

export interface LedgerInput {
  subject: string;
  /** Carried over continue-as-new. Oldest first. */
  records?: CheckpointRecord[];
  /** Changes after which the history is begun anew, besides when Temporal suggests it. */
  continueAfter?: number;
}

const CAPTURE_TIMEOUT = '10m';
const CONTINUE_AFTER = 1000;

const movesGit = (options: messages.RestoreInput['options']): boolean =>
  options?.scope?.git === true || options?.parts?.includes('git') === true;

const backupInfo = (
  record: CheckpointRecord,
  { backupId: id, by, options }: messages.RestoreInput,
): CheckpointRecord['info'] => ({
  id,
  name: `before restore of ${record.info.name}`,
  type: 'recovery',
  subject: record.info.subject,
  description: `What was there before ${by} restored ${record.info.id}`,
  tags: [...backupTags(record.info.id), ...(movesGit(options) ? [MOVED_GIT] : [])],
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
  const findNamed = (given: { id: string }): void => void find(given.id);
  let changes = 0;
  /** Begun for a checkpoint that was refused: it would stay for ever with nothing in it. */
  let endsUnused = false;
  const isUnused = (): boolean => changes === 0 && records.length === 0;
  const add = (record: CheckpointRecord): void => {
    changes += 1;
    if (!records.some(({ info }) => info.id === record.info.id)) records.push(record);
  };
  /** Restores and deletions must not meet each other. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
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
    changes += ids.length;
    return freedBytes;
  };
  const estimate = async (ids: string[]): Promise<number> => {
    let freedBytes = 0;
    for (const host of new Set(ids.map((id) => find(id).host))) {
      const { estimateFreed } = hostActivities(host, {
        timeout: CAPTURE_TIMEOUT,
        summary: 'what a clean-up would free',
      });
      freedBytes += (await estimateFreed({ ids: ids.filter((id) => find(id).host === host) })).freedBytes;
    }
    return freedBytes;
  };

  setHandler(messages.listCheckpointsQuery, (filter) => filterCheckpoints(records, filter ?? {}).map(withoutState), {
    description: 'Newest first, with a filter',
  });
  setHandler(messages.getCheckpointQuery, (id) => records.find(({ info }) => info.id === id) ?? null, {
    description: 'One by id',
  });
  setHandler(
    messages.addCheckpointUpdate,
    (record) => {
      add(record);
      return { count: records.length };
    },
    { validator: checkRecord },
  );
  setHandler(
    messages.createCheckpointUpdate,
    async ({ host, root, exclude, state, providers, ...info }) => {
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
        ...(root === undefined ? {} : { root }),
        ...(exclude ? { exclude } : {}),
        ...(state ? { state } : {}),
        ...(providers ? { providers } : {}),
      }).catch((error: unknown) => {
        endsUnused = isUnused() && patched('end-unused-ledger');
        throw error;
      });
      add(record);
      return record;
    },
    {
      validator: (given: messages.CreateCheckpointInput) => {
        checkCreate(given);
        requireRoomInLedger(input.subject, records, given.id);
      },
    },
  );
  const change = (id: string, difference: Partial<CheckpointRecord>): CheckpointRecord => {
    const record = find(id);
    const changed = { ...record, ...difference };
    changes += 1;
    records[records.indexOf(record)] = changed;
    return changed;
  };
  setHandler(
    messages.restoreCheckpointUpdate,
    (order) =>
      inTurn(async () => {
        const { id, by, options, host, root } = order;
        const record = find(id);
        const { restoreCheckpoint } = hostActivities(host ?? record.host, {
          timeout: CAPTURE_TIMEOUT,
          summary: `restore ${id}, asked by ${by}`,
        });
        const { result, backup } = await restoreCheckpoint({
          checkpointId: id,
          backup: options?.dryRun ? null : backupInfo(record, order),
          ...(options ? { options } : {}),
          ...(root === undefined ? {} : { root }),
        });
        if (backup) add(backup);
        return result;
      }),
    {
      validator: (given: messages.RestoreInput) => {
        checkRestore(given);
        const { id, options } = given;
        const { state, stateReason } = find(id);
        if (state === 'complete' || state === 'partial' || options?.force) return;
        if (state === 'corrupt' && options?.skipLost) return;
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
    { validator: findNamed },
  );
  setHandler(
    messages.invalidateCheckpointUpdate,
    ({ id, reason }) => change(id, { state: 'invalidated', stateReason: reason }),
    {
      validator: (given: { id: string; reason: string }) => {
        checkInvalidate(given);
        findNamed(given);
      },
    },
  );
  setHandler(messages.deleteCheckpointUpdate, ({ id }) => inTurn(async () => ({ freedBytes: await remove([id]) })), {
    validator: findNamed,
  });
  setHandler(
    messages.cleanupUpdate,
    ({ policy, dryRun }) =>
      inTurn(async () => {
        const { kept, removed } = selectForCleanup(records, policy, Date.now());
        if (removed.length === 0) return { kept, removed, freedBytes: 0, dryRun };
        if (!dryRun) return { kept, removed, freedBytes: await remove(removed), dryRun };
        const freedBytes = patched('estimate-freed') ? await estimate(removed) : 0;
        return { kept, removed, freedBytes, dryRun };
      }),
    { validator: checkCleanup },
  );
  setHandler(
    messages.noteFindingsUpdate,
    (findings) => {
      const known = findings.filter(({ id }) => records.some(({ info }) => info.id === id));
      for (const { id, stateReason, ...found } of known) {
        const { stateReason: earlier, ...record } = change(id, found);
        const reason = stateReason === undefined ? earlier : (stateReason ?? undefined);
        records[records.findIndex(({ info }) => info.id === id)] = {
          ...record,
          ...(reason === undefined ? {} : { stateReason: reason }),
        };
      }
      return { changed: known.length };
    },
    { validator: checkFindings },
  );
  setHandler(
    messages.diffCheckpointsUpdate,
    ({ from, to }) => {
      const { diffCheckpoints } = hostActivities(find(from).host, {
        timeout: CAPTURE_TIMEOUT,
        summary: `compare ${from} with ${to}`,
      });
      return diffCheckpoints({ from, to });
    },
    { validator: ({ from, to }: { from: string; to: string }) => void (find(from), find(to)) },
  );

  handleArtifacts(input.subject, inTurn);

  const { continueAfter = CONTINUE_AFTER } = input;
  const isLong = (): boolean => workflowInfo().continueAsNewSuggested || changes >= continueAfter;
  await condition(() => allHandlersFinished() && (isLong() || (endsUnused && isUnused())));
  if (endsUnused && isUnused()) return;
  await continueAsNew<typeof checkpointLedger>({ ...input, records: carryOver(records) });
}

import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { CheckpointFilterSchema, RetentionPolicySchema } from '../domain/checkpoint.schema.ts';
import type { CheckpointFilter, CheckpointRecord, RetentionPolicy } from '../domain/checkpoint.ts';
import { RerailError } from '../domain/errors.ts';
import type { CheckpointDiff } from '../activities/checkpoints/diff-checkpoints.ts';
import { lastBackup, resolveTarget } from '../domain/checkpoint-list.ts';
import type { CheckpointFinding } from '../domain/store-care.ts';
import type { RestoreOptions, RestoreResult } from '../domain/rollback.ts';
import { newId } from '../domain/ids.ts';
import { TargetSchema } from '../domain/names.schema.ts';
import { parseInput } from '../domain/parse-input.ts';
import { ledgerId, WORKFLOW_TYPES } from '../domain/wire-names.ts';
import type { checkpointLedger } from '../workflows/checkpoint-ledger.ts';
import * as messages from '../workflows/messages.ts';
import { translateError } from './errors.ts';
import { startLedger } from './start-ledger.ts';

const PREFIX = 'ledger/';

const notFound = (message: string): RerailError =>
  new RerailError('checkpoint-not-found', message, {
    remedy: 'List them with `rerail checkpoint list`.',
    nonRetryable: true,
  });

export function createCheckpoints(
  client: Client,
  taskQueue: string,
  /** Throws where no new work may begin on a host. */
  requireAccepting: (host: string) => Promise<void>,
) {
  const startOf = (subject: string) => startLedger(subject, taskQueue);
  const handleOf = (subject: string) => client.workflow.getHandle<typeof checkpointLedger>(ledgerId(subject));
  const guarded = async <T>(subject: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound(`${subject} has no checkpoints`);
      throw translateError(error, ledgerId(subject));
    }
  };

  const list = async (subject: string, filter: CheckpointFilter = {}): Promise<CheckpointRecord[]> => {
    const wanted = parseInput(CheckpointFilterSchema, filter, 'the filter');
    try {
      return await handleOf(subject).query(messages.listCheckpointsQuery, wanted);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return [];
      throw translateError(error, ledgerId(subject));
    }
  };

  const subjects = async (): Promise<string[]> => {
    const found: string[] = [];
    // Ledgers of other installations on this namespace have workers of their own, or none that would answer.
    const query = `WorkflowType = '${WORKFLOW_TYPES.checkpointLedger}' AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`;
    try {
      for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId.slice(PREFIX.length));
    } catch (error) {
      throw translateError(error, 'the list of ledgers');
    }
    return found.sort();
  };

  /** Looks in one subject's ledger, or in all. Throws `checkpoint-not-found`. */
  async function get(id: string, subject?: string): Promise<CheckpointRecord> {
    for (const candidate of subject ? [subject] : await subjects()) {
      const found = await guarded(candidate, () => handleOf(candidate).query(messages.getCheckpointQuery, id));
      if (found) return found;
    }
    throw notFound(`there is no checkpoint ${id}${subject ? ` of ${subject}` : ''}`);
  }

  return {
    subjects,
    /** Newest first, without the state that `get` answers with; empty for a subject without checkpoints. */
    list,
    /** The same of every subject together. */
    async listAll(filter: CheckpointFilter = {}): Promise<CheckpointRecord[]> {
      const found = (await Promise.all((await subjects()).map((subject) => list(subject, filter)))).flat();
      return found.sort((a, b) => b.createdAt.localeCompare(a.createdAt)).slice(0, filter.limit);
    },
    /** The newest that can be restored. */
    latest: async (subject: string): Promise<CheckpointRecord | undefined> =>
      (await list(subject, { valid: true })).find(({ info }) => info.type !== 'recovery'),
    get,
    /**
     * Which checkpoint `latest`, `previous`, `phase:<name or number>` or an id means. Throws `checkpoint-not-found`.
     */
    async resolve(subject: string, target: string): Promise<CheckpointRecord> {
      if (target.startsWith('cp_')) return get(target, subject);
      const found = resolveTarget(await list(subject), target);
      if (found) return found;
      throw notFound(`${subject} has no checkpoint for "${target}"`);
    },
    /** The backup that the last restore made: to restore it is the undo. Throws `checkpoint-not-found`. */
    async lastBackup(subject: string): Promise<CheckpointRecord> {
      const found = lastBackup(await list(subject));
      if (found) return found;
      throw notFound(`nothing was restored in ${subject}, so that there is nothing to undo`);
    },
    /** Captures a directory on a host; the record is an activity result in the subject's ledger. */
    create: async (
      subject: string,
      input: Omit<messages.CreateCheckpointInput, 'id'> & { id?: string },
    ): Promise<CheckpointRecord> => {
      const checked = parseInput(TargetSchema, subject, 'the subject');
      const id = input.id ?? newId('cp');
      await requireAccepting(input.host);
      return guarded(checked, () =>
        client.workflow.executeUpdateWithStart(messages.createCheckpointUpdate, {
          args: [{ ...input, id }],
          updateId: id,
          startWorkflowOperation: startOf(checked),
        }),
      );
    },
    /** Adds a record that was made elsewhere, once. */
    async add(record: CheckpointRecord): Promise<void> {
      const { subject, id } = record.info;
      await guarded(subject, () =>
        client.workflow.executeUpdateWithStart(messages.addCheckpointUpdate, {
          args: [record],
          updateId: id,
          startWorkflowOperation: startOf(subject),
        }),
      );
    },
    /**
     * Restores a checkpoint after a backup of what is there, or only says what it would do. With a `backupId` of the caller's the
     * same restore again is done once. Throws `host-drained` or `host-failed-over` for a host that takes no new work.
     */
    restore: async (
      subject: string,
      id: string,
      by: string,
      options: Partial<RestoreOptions> = {},
      { backupId = newId('cp'), ...elsewhere }: { host?: string; root?: string; backupId?: string } = {},
    ): Promise<RestoreResult> => {
      if (!options.dryRun) await requireAccepting(elsewhere.host ?? (await get(id, subject)).host);
      return guarded(subject, () =>
        handleOf(subject).executeUpdate(messages.restoreCheckpointUpdate, {
          args: [{ id, backupId, by, options, ...elsewhere }],
          updateId: backupId,
        }),
      );
    },
    /** Reads it back from the store; one that fails is marked corrupt. */
    verify: (subject: string, id: string, level: 'quick' | 'full'): Promise<CheckpointRecord> =>
      guarded(subject, () =>
        handleOf(subject).executeUpdate(messages.verifyCheckpointUpdate, { args: [{ id, level }] }),
      ),
    /** Tells the ledger what a look at the store has found out. */
    noteFindings: (subject: string, findings: CheckpointFinding[]): Promise<{ changed: number }> =>
      guarded(subject, () => handleOf(subject).executeUpdate(messages.noteFindingsUpdate, { args: [findings] })),
    /** What one would have to do to get from the first to the second. */
    diff: (subject: string, from: string, to: string): Promise<CheckpointDiff> =>
      guarded(subject, () => handleOf(subject).executeUpdate(messages.diffCheckpointsUpdate, { args: [{ from, to }] })),
    invalidate: (subject: string, id: string, reason: string): Promise<CheckpointRecord> =>
      guarded(subject, () =>
        handleOf(subject).executeUpdate(messages.invalidateCheckpointUpdate, { args: [{ id, reason }] }),
      ),
    delete: (subject: string, id: string): Promise<{ freedBytes: number }> =>
      guarded(subject, () => handleOf(subject).executeUpdate(messages.deleteCheckpointUpdate, { args: [{ id }] })),
    cleanup: async (subject: string, policy: RetentionPolicy, dryRun: boolean): Promise<messages.CleanupResult> => {
      const checked = parseInput(RetentionPolicySchema, policy, 'the retention policy');
      return guarded(subject, () =>
        handleOf(subject).executeUpdate(messages.cleanupUpdate, { args: [{ policy: checked, dryRun }] }),
      );
    },
  };
}

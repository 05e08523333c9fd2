import type { z } from 'zod';
import type { CheckpointRecord } from '../../domain/checkpoint.ts';
import { requireRestorable, selectionOf } from '../../domain/restore-selection.ts';
import type { RestoreOptions, RestoreResult } from '../../domain/rollback.ts';
import { refuseOtherPlace } from '../auth/reported-effects.ts';
import type { RollbackBody } from '../contract/checkpoints.ts';
import type { ApiDeps, Handlers } from '../handler.ts';
import { compact } from './compact.ts';

type Wanted = Omit<z.output<typeof RollbackBody>, 'subject' | 'checkpoint'>;

export function rollbackHandlers({
  recoveries: { checkpoints },
}: Pick<ApiDeps, 'recoveries'>): Handlers<'previewRollback' | 'applyRollback' | 'previewUndo' | 'undoRollback'> {
  const restore = (
    record: CheckpointRecord,
    by: string,
    { parts, scope, git, host, root, timeout, skipLost, force }: Wanted,
    more: Partial<RestoreOptions>,
  ): Promise<RestoreResult> => {
    requireRestorable(record, { force, skipLost });
    const { subject, id } = record.info;
    const options: Partial<RestoreOptions> = {
      ...selectionOf({ parts, scope: scope && compact(scope), git }, record),
      ...compact({ timeout, skipLost, force }),
      ...more,
    };
    return checkpoints.restore(subject, id, by, options, compact({ host, root }));
  };

  return {
    async previewRollback({ body: { subject, checkpoint, diff, ...wanted }, actor }) {
      refuseOtherPlace(actor, wanted);
      const record = await checkpoints.resolve(subject, checkpoint);
      const body = await restore(record, actor.name, wanted, { dryRun: true, ...(diff ? { diff: true } : {}) });
      return { status: 200, body };
    },
    async applyRollback({ body: { subject, checkpoint, planHash, createBackup, reason: _reason, ...wanted }, actor }) {
      const record = await checkpoints.resolve(subject, checkpoint);
      return { status: 200, body: await restore(record, actor.name, wanted, { planHash, createBackup }) };
    },
    async previewUndo({ body: { subject, force }, actor }) {
      const record = await checkpoints.lastBackup(subject);
      return { status: 200, body: await restore(record, actor.name, { force }, { dryRun: true }) };
    },
    async undoRollback({ body: { subject, force, planHash }, actor }) {
      const record = await checkpoints.lastBackup(subject);
      return { status: 200, body: await restore(record, actor.name, { force }, { planHash }) };
    },
  };
}

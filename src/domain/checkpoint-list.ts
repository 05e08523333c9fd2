import type { CheckpointFilter, CheckpointRecord, RetentionPolicy } from './checkpoint.ts';
import { toMs } from './duration.ts';

/** What a rollback goes back to: whole, of a good state, and not the backup of a broken one. */
export const isRestorable = ({ state, info }: CheckpointRecord): boolean =>
  state === 'complete' && info.success && info.type !== 'recovery';

const isValid = (record: CheckpointRecord): boolean => record.state === 'complete' || record.state === 'partial';

/** Newest first; all given conditions hold, tags are any of (requirement 1.5). */
export function filterCheckpoints(records: readonly CheckpointRecord[], filter: CheckpointFilter): CheckpointRecord[] {
  const fits = ({ info, state, createdAt, ...rest }: CheckpointRecord): boolean => {
    if (filter.type && !filter.type.includes(info.type)) return false;
    if (filter.tags && !filter.tags.some((tag) => info.tags.includes(tag))) return false;
    if (filter.phase !== undefined && info.phase !== filter.phase) return false;
    if (filter.agent !== undefined && info.agent !== filter.agent) return false;
    if (filter.since !== undefined && Date.parse(createdAt) < Date.parse(filter.since)) return false;
    if (filter.until !== undefined && Date.parse(createdAt) > Date.parse(filter.until)) return false;
    return filter.valid === undefined || isValid({ info, state, createdAt, ...rest }) === filter.valid;
  };
  return records
    .filter(fits)
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt) || b.info.id.localeCompare(a.info.id))
    .slice(0, filter.limit);
}

/**
 * Which checkpoints a policy keeps, and why (requirement 1.6). Rules are ORed; with no rule all are kept; the last
 * valid checkpoint and the last one that a rollback can use are always kept.
 */
export function selectForCleanup(
  records: readonly CheckpointRecord[],
  policy: RetentionPolicy,
  now: number,
): { kept: { id: string; reasons: string[] }[]; removed: string[] } {
  const newest = filterCheckpoints(records, {});
  const lastValid = newest.find(isValid);
  const lastRestorable = newest.find(isRestorable);
  const isRule = (value: unknown): boolean =>
    value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
  const noRule = !Object.values(policy).some(isRule);
  const judged = newest.map((record, index) => {
    const { info } = record;
    const tag = policy.keepTags?.find((wanted) => info.tags.includes(wanted));
    const age = now - Date.parse(record.createdAt);
    const reasons = [
      ...(noRule ? ['the policy has no rule'] : []),
      ...(record === lastValid ? ['last valid checkpoint'] : []),
      ...(record === lastRestorable && record !== lastValid ? ['last checkpoint to roll back to'] : []),
      ...(policy.keepLast !== undefined && index < policy.keepLast ? [`keepLast ${policy.keepLast}`] : []),
      ...(policy.keepPhaseEndpoints && (info.type === 'phase-start' || info.type === 'phase-end')
        ? ['keepPhaseEndpoints']
        : []),
      ...(policy.olderThan !== undefined && age < toMs(policy.olderThan) ? [`younger than ${policy.olderThan}`] : []),
      ...(tag === undefined ? [] : [`tag ${tag}`]),
      ...(policy.keepTypes?.includes(info.type) ? [`type ${info.type}`] : []),
    ];
    return { id: info.id, reasons };
  });
  return {
    kept: judged.filter(({ reasons }) => reasons.length > 0),
    removed: judged.filter(({ reasons }) => reasons.length === 0).map(({ id }) => id),
  };
}

const RESTORED = 'restored:';
export const PRE_RESTORE = 'pre-restore';
/** Tag of a backup whose restore had moved the repository too: so must its undo. */
export const MOVED_GIT = 'moved-git';

/** Tags of the backup that a restore of this checkpoint makes first. */
export const backupTags = (checkpointId: string): string[] => [PRE_RESTORE, `${RESTORED}${checkpointId}`];

/** The checkpoint that the subject was last brought back to, unless a new one has been taken since. */
function standsAt(newestFirst: readonly CheckpointRecord[]): string | undefined {
  const tag = newestFirst[0]?.info.tags.find((candidate) => candidate.startsWith(RESTORED));
  return tag?.slice(RESTORED.length);
}

/**
 * Which checkpoint a rollback goes to (requirement 2.5): `latest`, `previous` (one back from where the subject stands),
 * `phase:<name or number>` (its start, else the last made by hand for it), or an id. Undefined when there is none.
 */
export function resolveTarget(records: readonly CheckpointRecord[], target: string): CheckpointRecord | undefined {
  const newest = filterCheckpoints(records, {});
  const restorable = newest.filter(isRestorable);
  if (target === 'latest') return restorable[0];
  if (target === 'previous') {
    const at = standsAt(newest) ?? restorable[0]?.info.id;
    const here = newest.find(({ info }) => info.id === at);
    return restorable.find(({ createdAt }) => here !== undefined && createdAt < here.createdAt);
  }
  if (target.startsWith('phase:')) {
    const phase = target.slice('phase:'.length);
    const ofPhase = restorable.filter(({ info }) => info.phase === phase || String(info.phaseIndex) === phase);
    // What a run makes besides, in the middle of a phase or at its end, is not meant.
    return (
      ofPhase.find(({ info }) => info.type === 'phase-start') ??
      ofPhase.find(({ info }) => info.workflowId === undefined)
    );
  }
  return newest.find(({ info }) => info.id === target);
}

/** What was there before the last restore: restoring it is the undo, and once more the undo of the undo. */
export const lastBackup = (records: readonly CheckpointRecord[]): CheckpointRecord | undefined =>
  filterCheckpoints(records, { tags: [PRE_RESTORE] })[0];

import type { CheckpointPart, CheckpointRecord } from './checkpoint.ts';
import { MOVED_GIT, PRE_RESTORE } from './checkpoint-list.ts';
import { RerailError } from './errors.ts';
import type { RestoreOptions, RestoreScope } from './rollback.ts';

export interface WantedRestore {
  parts?: CheckpointPart[] | undefined;
  scope?: RestoreScope | undefined;
  git?: boolean | undefined;
}

/**
 * `git` adds the repository to what a restore takes anyway. A backup holds what its restore changed: so to undo it is to
 * restore the repository that had been moved, and what providers hold.
 */
export function selectionOf(wanted: WantedRestore, { parts, info }: CheckpointRecord): Partial<RestoreOptions> {
  const { scope } = wanted;
  if (scope) {
    return {
      scope: { ...scope, ...(wanted.git ? { git: true } : {}) },
      ...(wanted.parts ? { parts: wanted.parts } : {}),
    };
  }
  const git = wanted.git === true || info.tags.includes(MOVED_GIT);
  const system = wanted.parts === undefined && info.tags.includes(PRE_RESTORE) && parts.includes('system');
  if (!git && !system) return wanted.parts ? { parts: wanted.parts } : {};
  const rest = wanted.parts ?? parts.filter((part) => part !== 'git' && part !== 'system');
  return {
    parts: [...new Set([...rest, ...(git ? (['git'] as const) : []), ...(system ? (['system'] as const) : [])])],
  };
}

/** The ledger refuses it too; here is who can be told what to do. Throws `checkpoint-invalid`. */
export function requireRestorable(
  { info, state, stateReason }: CheckpointRecord,
  { force, skipLost }: { force?: boolean | undefined; skipLost?: boolean | undefined },
): void {
  if (force || state === 'complete' || state === 'partial' || (state === 'corrupt' && skipLost)) return;
  throw new RerailError(
    'checkpoint-invalid',
    `checkpoint ${info.id} is ${state}${stateReason === undefined ? '' : `: ${stateReason}`}`,
    {
      remedy:
        state === 'corrupt'
          ? 'Capture the same content again and run `rerail checkpoint repair`, or restore what is left with --skip-lost.'
          : 'Choose another with `rerail checkpoint list --valid`, or restore it all the same with --force.',
    },
  );
}

import { canonicalJson } from '../../domain/canonical-json.ts';
import type { CheckpointPart, FileEntry } from '../../domain/checkpoint.ts';
import type { PathChange, RestorePlan, RestoreScope } from '../../domain/rollback.schema.ts';
import { sha256 } from '../../process/digests.ts';
import { entryKey } from './entry-path.ts';
import type { TreePlan } from './plan-tree.ts';

/** A plan travels in Temporal's history, where 2 MB is the most: longer lists are cut, the hash covers all of it. */
const LISTED_BYTES = 400_000;

export function describePlan(
  tree: TreePlan,
  about: {
    checkpointId: string;
    checksum: string;
    root: string;
    parts: readonly CheckpointPart[];
    scope?: RestoreScope;
  },
  { git, artifacts }: Pick<RestorePlan, 'git' | 'artifacts'> = {},
): RestorePlan {
  const changes: PathChange[] = tree.changes.map(({ change, want, present }) => ({
    path: (want ?? present)?.path ?? '',
    change,
    type: (want ?? present)?.type ?? 'file',
    size: want?.type === 'file' && change !== 'metadata' ? want.size : 0,
  }));
  const facts = tree.changes.map(({ change, want, present }) => [change, factsOf(want), factsOf(present)]);
  const asked = about.scope === undefined && !git ? about.parts : [about.parts, about.scope, git];
  const more = artifacts?.length ? [artifacts] : [];
  const hash = sha256(canonicalJson([about.checksum, about.root, asked, facts, ...more]));
  return {
    checkpointId: about.checkpointId,
    root: about.root,
    changes: withinBytes(changes, LISTED_BYTES),
    changesTotal: changes.length,
    unchanged: tree.unchanged,
    parts: [...about.parts],
    ...(git ? { git } : {}),
    ...(artifacts?.length ? { artifacts } : {}),
    hash,
  };
}

function factsOf(entry: FileEntry | undefined): unknown {
  if (entry === undefined) return null;
  const content =
    entry.type === 'file'
      ? [entry.sha256, entry.hardlinkGroup]
      : entry.type === 'symlink'
        ? [entry.target, entry.targetBytes]
        : [];
  return [entryKey(entry), entry.type, entry.mode, entry.uid, entry.gid, entry.mtimeNs, ...content];
}

export function withinBytes<T>(items: readonly T[], limit: number): T[] {
  let left = limit;
  const end = items.findIndex((item) => (left -= Buffer.byteLength(JSON.stringify(item)) + 1) < 0);
  return items.slice(0, end < 0 ? items.length : end);
}

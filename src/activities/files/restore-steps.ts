import { lstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { FileEntry } from '../../domain/checkpoint.ts';
import { entryKey, parentKeys } from './entry-path.ts';
import type { FsPath, NamedEntry } from './entry-path.ts';
import { createLstatBelow } from './lstat-below.ts';
import type { TreeChange } from './plan-tree.ts';

/** Enough to tell a file from another that took its place; the ctime is not, since the renames themselves change it. */
export interface Identity {
  ino: string;
  size: string;
  mtimeNs: string;
}

export type RestoreStep =
  | { do: 'remove'; name: NamedEntry; dir: boolean; slot: number; was: Identity | null }
  | { do: 'mkdir'; name: NamedEntry }
  | { do: 'place'; name: NamedEntry; slot: number; was: Identity | null }
  | {
      do: 'attributes';
      name: NamedEntry;
      type: FileEntry['type'];
      mode: number;
      uid: number;
      gid: number;
      mtimeNs: string;
    };

export const identify = (path: FsPath): Identity | null =>
  identityOf(lstatSync(path, { bigint: true, throwIfNoEntry: false }));

function identityOf(stat: BigIntStats | undefined): Identity | null {
  return stat === undefined ? null : { ino: String(stat.ino), size: String(stat.size), mtimeNs: String(stat.mtimeNs) };
}

export const sameIdentity = (a: Identity | null, b: Identity | null): boolean =>
  a === b || (a !== null && b !== null && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs);

const nameOf = ({ path, pathBytes }: FileEntry): NamedEntry => ({
  path,
  ...(pathBytes === undefined ? {} : { pathBytes }),
});

/** What a stage must hold: one slot for each file and link that is put in place. */
export function staged(changes: readonly TreeChange[]): { want: Exclude<FileEntry, { type: 'dir' }>; slot: number }[] {
  return changes.flatMap(({ change, want }, slot) =>
    want !== undefined && want.type !== 'dir' && (change === 'create' || change === 'replace') ? [{ want, slot }] : [],
  );
}

/** The steps in the order in which they are safe: room first, directories, contents, removals, attributes last. */
export function listSteps(root: string, changes: readonly TreeChange[], captured: readonly FileEntry[]): RestoreStep[] {
  const lstatBelow = createLstatBelow(root);
  const early: RestoreStep[] = [];
  const late: RestoreStep[] = [];
  const mkdirs: RestoreStep[] = [];
  const places: RestoreStep[] = [];
  const attributes: RestoreStep[] = [];
  const touched = new Set<string>();
  const notDirs = new Set(
    changes.flatMap(({ want, present }) =>
      want && want.type !== 'dir' && present?.type === 'dir' ? [entryKey(want)] : [],
    ),
  );

  for (const [slot, { change, want, present }] of changes.entries()) {
    const entry = want ?? present;
    if (entry === undefined) continue;
    const name = nameOf(entry);
    const was = identityOf(lstatBelow(name));
    if (change !== 'metadata') touched.add(parentKeys(entry)[0] ?? '');
    if (change === 'delete' && present !== undefined) {
      const inTheWay = parentKeys(present).some((key) => notDirs.has(key));
      (inTheWay ? early : late).push({ do: 'remove', name, dir: present.type === 'dir', slot, was });
      continue;
    }
    // A file and a directory cannot take each other's place by a rename.
    if (want !== undefined && present !== undefined && (want.type === 'dir') !== (present.type === 'dir')) {
      early.push({ do: 'remove', name, dir: present.type === 'dir', slot: changes.length + slot, was });
    }
    if (want?.type === 'dir') {
      if (change !== 'metadata') mkdirs.push({ do: 'mkdir', name });
      touched.add(entryKey(want));
    } else if (want !== undefined && change !== 'metadata') places.push({ do: 'place', name, slot, was });
    else if (want !== undefined) attributes.push(attributesOf(want));
  }
  const directories = captured
    .filter((entry) => entry.type === 'dir' && touched.has(entryKey(entry)))
    .map(attributesOf);
  // Entries come parents first, so reversed they come deepest first.
  const deepestFirst = (steps: RestoreStep[]): RestoreStep[] => steps.reverse();
  early.sort((a, b) => b.name.path.split('/').length - a.name.path.split('/').length);
  return [...early, ...mkdirs, ...places, ...deepestFirst(late), ...attributes, ...deepestFirst(directories)];
}

function attributesOf(want: FileEntry): RestoreStep {
  const { type, mode, uid, gid, mtimeNs } = want;
  return { do: 'attributes', name: nameOf(want), type, mode, uid, gid, mtimeNs };
}

import type { GitState, Manifest } from '../../domain/checkpoint.ts';

/** What a capture has stored, as it was handed to the store. */
export interface RecentCapture {
  manifest: Manifest;
  git: GitState | null;
}

/** So that a worker which sees many or large trees stays small: some 10 MiB. */
const MOST_ENTRIES = 20_000;
const MOST_CAPTURES = 100;

const sizeOf = ({ manifest }: RecentCapture): number => manifest.files?.length ?? 0;

/**
 * The newest captures of this process. The next one of the same tree need not read its parent back from the store, which
 * takes a process of git and the parsing of every entry. Only a saving: whether content is still stored is asked anew.
 */
export function createRecentCaptures(mostEntries = MOST_ENTRIES) {
  const kept = new Map<string, RecentCapture>();
  let entries = 0;
  const drop = (id: string): void => {
    const known = kept.get(id);
    if (known) entries -= sizeOf(known);
    kept.delete(id);
  };
  return {
    find: (id: string): RecentCapture | undefined => kept.get(id),
    /** In place of its parent, which no other capture starts from again. */
    keep(capture: RecentCapture, parentId?: string): void {
      if (parentId !== undefined) drop(parentId);
      drop(capture.manifest.info.id);
      if (sizeOf(capture) > mostEntries) return;
      kept.set(capture.manifest.info.id, capture);
      entries += sizeOf(capture);
      for (const id of kept.keys()) {
        if (entries <= mostEntries && kept.size <= MOST_CAPTURES) return;
        drop(id);
      }
    },
  };
}

export type RecentCaptures = ReturnType<typeof createRecentCaptures>;

import type { GitRepository } from './git-command.ts';
import { findMissing } from './check-objects.ts';
import { listRefs } from './checkpoint-refs.ts';
import { hasQuarantine } from './repair-store.ts';
import { readSmallObjects } from './read-objects.ts';

export interface ContentIndex {
  /** Follows what other processes added and removed. Object ids by digest. */
  refresh(): Promise<ReadonlyMap<string, string>>;
  /** A checkpoint that this process has just published, with the object ids of its contents: not to be read again. */
  record(id: string, commit: string, stored: ReadonlyMap<string, string>): Promise<void>;
  /** A deletion may free any content: the next `refresh` starts anew. */
  reset(): void;
}

interface TreeEntry {
  name: string;
  oid: string;
}

/** Of git's binary tree format: `<mode> <name>\0<32 bytes>`, again and again. */
function parseTree(bytes: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at);
    const end = bytes.indexOf(0, space);
    entries.push({ name: bytes.toString('latin1', space + 1, end), oid: bytes.toString('hex', end + 1, end + 33) });
    at = end + 33;
  }
  return entries;
}

/** Which contents the store has, from the trees of all checkpoints. Trees that they share are read once. */
export function createContentIndex(repository: GitRepository): ContentIndex {
  let contents = new Map<string, string>();
  let refs = new Map<string, string>();
  let trees = new Set<string>();

  const readTrees = async (names: readonly string[]): Promise<TreeEntry[]> => {
    const entries: TreeEntry[] = [];
    for (const [name, tree] of await readSmallObjects(repository, names)) {
      if ('problem' in tree) {
        if (!name.endsWith(':b'))
          repository.logger.warn({ tree: name, problem: tree.problem }, 'A stored list of contents is damaged');
      } else entries.push(...parseTree(tree.bytes));
    }
    return entries;
  };

  const reset = (): void => {
    contents = new Map();
    refs = new Map();
    trees = new Set();
  };

  /** A list of contents names what it names, also when a repair has taken it out of the store. */
  const dropAbsent = async (): Promise<void> => {
    for (const digest of await findMissing(repository, contents)) contents.delete(digest);
  };

  return {
    reset,
    async record(id, commit, stored) {
      // Then the next `refresh` has to look which contents are still there.
      if (await hasQuarantine(repository)) return;
      for (const [digest, oid] of stored) contents.set(digest, oid);
      refs.set(id, commit);
    },
    async refresh() {
      const present = await listRefs(repository);
      for (const [id, commit] of refs) {
        if (present.get(id) === commit) continue;
        reset();
        break;
      }
      const added = [...present].filter(([id]) => !refs.has(id));
      if (added.length === 0) return contents;
      const subtrees = await readTrees(added.map(([, commit]) => `${commit}:b`));
      const unseen = [...new Set(subtrees.map(({ oid }) => oid))].filter((oid) => !trees.has(oid));
      for (const { name, oid } of await readTrees(unseen)) contents.set(name, oid);
      for (const oid of unseen) trees.add(oid);
      if (await hasQuarantine(repository)) await dropAbsent();
      for (const [id, commit] of added) refs.set(id, commit);
      return contents;
    },
  };
}

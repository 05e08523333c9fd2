import { createHash } from 'node:crypto';
import { runGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';
import { readObjects } from './read-objects.ts';

/** Contents that are missing or have another size, by digest, with what is wrong. Reads no content. */
export async function findAbsent(
  repository: GitRepository,
  sizes: ReadonlyMap<string, number>,
  nameOf: (digest: string) => string | undefined,
): Promise<Map<string, string>> {
  const bad = new Map<string, string>();
  const wanted: [string, number, string][] = [];
  for (const [digest, size] of sizes) {
    const name = nameOf(digest);
    if (name === undefined) bad.set(digest, 'it is not in the tree');
    else wanted.push([digest, size, name]);
  }
  if (wanted.length === 0) return bad;
  const text = await runGit(
    repository,
    ['cat-file', '--batch-check', '--buffer'],
    wanted.map(([, , name]) => name + '\n').join(''),
  );
  const lines = text.toString('latin1').split('\n');
  for (const [index, [digest, size]] of wanted.entries()) {
    const line = lines[index] ?? '';
    if (!line.endsWith(` blob ${String(size)}`))
      bad.set(digest, line.endsWith('missing') ? 'it is missing' : `git has "${line}"`);
  }
  return bad;
}

/** Reads objects, given with the digest of what they must hold. Answers with the digests of those that do not. */
export async function findDamaged(
  repository: GitRepository,
  expected: ReadonlyMap<string, string>,
): Promise<Map<string, string>> {
  const bad = new Map<string, string>();
  await readObjects(repository, [...expected.keys()], {
    async object({ name, content }) {
      const hash = createHash('sha256');
      for await (const chunk of content) hash.update(chunk);
      const actual = hash.digest('hex');
      const digest = expected.get(name) ?? '';
      if (actual !== digest) bad.set(digest, `its SHA-256 is ${actual}`);
    },
    damaged(name, why) {
      bad.set(expected.get(name) ?? name, why);
    },
  });
  return bad;
}

/** Digests whose object is not in the store, of object ids by digest. */
export async function findMissing(repository: GitRepository, contents: ReadonlyMap<string, string>): Promise<string[]> {
  if (contents.size === 0) return [];
  const input = [...contents.values()].join('\n') + '\n';
  const text = await runGit(repository, ['cat-file', '--batch-check', '--buffer'], input);
  const lines = text.toString('latin1').split('\n');
  return [...contents.keys()].filter((_digest, index) => lines[index]?.endsWith(' missing'));
}

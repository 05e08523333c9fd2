import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isThere } from './fault.ts';
import { git } from './git-program.ts';

interface References {
  /** The branch it is on, or the commit where it is on none. */
  head: { branch: string } | { commit: string };
  /** Commits by the whole name of the branch. */
  branches: Record<string, string>;
}

/** Where a repository and one file of it stood. */
interface Kept {
  index: string;
  file: string;
  /** Written last: where it is, all of it is. */
  references: string;
}

const keptIn = (folder: string): Kept => ({
  index: path.join(folder, 'index'),
  file: path.join(folder, 'file'),
  references: path.join(folder, 'references.json'),
});

const indexOf = (work: string): string => path.join(work, '.git', 'index');

async function branchesOf(work: string): Promise<Record<string, string>> {
  const lines = await git(work, ['for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads']);
  return Object.fromEntries(
    lines
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string]),
  );
}

async function headOf(work: string): Promise<References['head']> {
  const branch = (await git(work, ['symbolic-ref', '--quiet', 'HEAD'], 'may fail')).trim();
  return branch === '' ? { commit: (await git(work, ['rev-parse', 'HEAD'])).trim() } : { branch };
}

/** Once: what an earlier try has kept is how it was. */
export async function keepGitState(work: string, file: string, folder: string): Promise<void> {
  const kept = keptIn(folder);
  if (await isThere(kept.references)) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await copyFile(file, kept.file);
  await copyFile(indexOf(work), kept.index);
  const references: References = { head: await headOf(work), branches: await branchesOf(work) };
  await writeFile(`${kept.references}.new`, JSON.stringify(references));
  await rename(`${kept.references}.new`, kept.references);
}

/** HEAD, branches, index and the file as they were kept; a merge is given up. Nothing where nothing was kept. */
export async function putBackGitState(work: string, file: string, folder: string): Promise<void> {
  const kept = keptIn(folder);
  if (!(await isThere(kept.references))) return;
  const { head, branches } = JSON.parse(await readFile(kept.references, 'utf8')) as References;
  await git(work, ['merge', '--quit']);
  if ('branch' in head) await git(work, ['symbolic-ref', 'HEAD', head.branch]);
  else await git(work, ['update-ref', '--no-deref', 'HEAD', head.commit]);
  for (const branch of Object.keys(await branchesOf(work)))
    if (branches[branch] === undefined) await git(work, ['update-ref', '-d', branch]);
  for (const [branch, commit] of Object.entries(branches)) await git(work, ['update-ref', branch, commit]);
  await copyFile(kept.index, indexOf(work));
  await copyFile(kept.file, file);
}

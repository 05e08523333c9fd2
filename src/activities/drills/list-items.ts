import { createHash } from 'node:crypto';
import { lstat, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import type { SandboxItem } from '../../domain/drill.ts';
import { digestFile } from '../../store/digest-file.ts';
import { isThere } from './faults/fault.ts';
import { git } from './faults/git-program.ts';
import { readEntries } from './faults/services.ts';
import type { SandboxPlace } from './sandbox-place.ts';

const REPOSITORY = '.git';
const MODE_BITS = 0o7777;

const item = (name: string, content: string): SandboxItem => ({
  path: name,
  sha256: createHash('sha256').update(content).digest('hex'),
});

/** Files and links, and folders that hold nothing else. */
async function listFiles(root: string, folder = ''): Promise<SandboxItem[]> {
  const entries = (await readdir(path.join(root, folder), { withFileTypes: true })).filter(
    ({ name }) => folder !== '' || name !== REPOSITORY,
  );
  if (entries.length === 0 && folder !== '') return [item(`${folder}/`, 'folder')];
  const found = entries.map(async (entry): Promise<SandboxItem[]> => {
    const name = path.join(folder, entry.name);
    const file = path.join(root, name);
    if (entry.isDirectory()) return listFiles(root, name);
    if (entry.isSymbolicLink()) return [item(name, `link to ${await readlink(file)}`)];
    if (!entry.isFile()) return [];
    const { mode } = await lstat(file);
    return [{ path: name, sha256: (await digestFile(file)).sha256, mode: mode & MODE_BITS }];
  });
  return (await Promise.all(found)).flat();
}

/** What a repository may not lose: where it stands, its commits, and what is staged. */
async function listRepository(work: string): Promise<SandboxItem[]> {
  const read = async (...args: string[]): Promise<string> => (await git(work, args, 'may fail')).trim();
  const head = (await read('symbolic-ref', '--quiet', 'HEAD')) || (await read('rev-parse', 'HEAD'));
  const commits = (await read('rev-list', '--all', 'HEAD')).split('\n').filter(Boolean);
  const staged = (await read('ls-files', '--stage', '-z')).split('\0').filter(Boolean);
  return [
    item('git HEAD', head),
    ...commits.map((commit) => item(`git commit ${commit.slice(0, 12)}`, commit)),
    ...staged.map((line) => {
      const [what = '', name = ''] = line.split('\t');
      return item(`git index ${name}`, what);
    }),
  ];
}

/** One that does not answer has lost all of it. */
async function listEntries(place: SandboxPlace, cache: string): Promise<SandboxItem[]> {
  try {
    const entries = Object.entries(await readEntries(place, cache));
    return [item(`redis ${cache}`, 'answers'), ...entries.map(([key, value]) => item(`redis ${cache} ${key}`, value))];
  } catch {
    return [];
  }
}

/** All that a drill may lose, in the order of their names. `caches`: Redis services of the sandbox. */
export async function listItems(place: SandboxPlace, caches: readonly string[] = []): Promise<SandboxItem[]> {
  const { work } = place;
  const repository = (await isThere(path.join(work, REPOSITORY))) ? await listRepository(work) : [];
  const entries = await Promise.all(caches.map((cache) => listEntries(place, cache)));
  const found = [...(await listFiles(work)), ...repository, ...entries.flat()];
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

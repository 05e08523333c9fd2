import { createHash } from 'node:crypto';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { getPriority } from 'node:os';
import path from 'node:path';
import type { SandboxItem } from '../../domain/drill.ts';
import { argvOf } from '../../process/proc.ts';
import { digestFile } from '../../store/digest-file.ts';
import { isThere } from './faults/fault.ts';
import { git } from './faults/git-program.ts';
import { readEntries, readStreams } from './faults/services.ts';
import type { SandboxPlace } from './sandbox-place.ts';
import { processesIn } from './sandbox-processes.ts';
import { askTmux } from './sandbox-sessions.ts';

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

/** Streams, with what is pending in their groups; empty ones are as good as none. */
async function listStreams(place: SandboxPlace, cache: string): Promise<SandboxItem[]> {
  const streams = await readStreams(place, cache).catch(() => ({}));
  return Object.entries(streams).map(([key, content]) => item(`redis ${cache} stream ${key}`, content));
}

/** Of its tmux server: panes and clients of each session. None where it does not answer. */
async function listTerminals(place: SandboxPlace): Promise<SandboxItem[]> {
  if (!(await isThere(place.socket))) return [];
  const ask = async (words: readonly string[]): Promise<string[]> =>
    ((await askTmux(place, words)) ?? '').split('\n').filter(Boolean);
  const panes = await ask(['list-panes', '-a', '-F', '#{session_name}:#{window_name}.#{pane_index}']);
  const clients = await ask(['list-clients', '-F', '#{client_session}']);
  return [
    ...panes.map((pane) => item(`tmux pane ${pane}`, 'there')),
    ...[...new Set(clients)].map((session) =>
      item(`tmux clients of ${session}`, String(clients.filter((one) => one === session).length)),
    ),
  ];
}

/** Of the processes of the sandbox. */
async function listPriorities(place: SandboxPlace): Promise<SandboxItem[]> {
  const found = (await processesIn(place)).map(async (pid): Promise<SandboxItem[]> => {
    const argv = (await argvOf(pid)).map((word) => word.replaceAll(place.root, '.').trim()).join(' ');
    // One that has ended meanwhile has none.
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    const priorities = threads.flatMap((thread) => priorityOf(Number(thread)) ?? []);
    return priorities.length === 0 ? [] : [item(`priority of ${argv}`, String(Math.max(...priorities)))];
  });
  return (await Promise.all(found)).flat();
}

function priorityOf(thread: number): number | undefined {
  try {
    return getPriority(thread);
  } catch {
    return undefined;
  }
}

export interface ListOptions {
  /** Redis services of the sandbox. */
  caches?: string[];
  /** Also what no drill can lose and a recovery can change: streams, terminals, priorities. */
  undoable?: boolean;
}

/** All that a drill may lose, in the order of their names. */
export async function listItems(
  place: SandboxPlace,
  { caches = [], undoable = false }: ListOptions = {},
): Promise<SandboxItem[]> {
  const { work } = place;
  const repository = (await isThere(path.join(work, REPOSITORY))) ? await listRepository(work) : [];
  const entries = await Promise.all(caches.map((cache) => listEntries(place, cache)));
  const changeable = undoable
    ? [...caches.map((cache) => listStreams(place, cache)), listTerminals(place), listPriorities(place)]
    : [];
  const found = [
    ...(await listFiles(work)),
    ...repository,
    ...entries.flat(),
    ...(await Promise.all(changeable)).flat(),
  ];
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

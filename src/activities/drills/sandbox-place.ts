import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { sha256 } from '../../process/digests.ts';

/** Where one drill may do as it likes: `work` is the sandbox itself, the rest is what the drill keeps about it. */
export interface SandboxPlace {
  root: string;
  work: string;
  logs: string;
  pids: string;
  secrets: string;
  /** For what another user has to reach, and for sockets, whose paths must be short. Made when it is needed. */
  outside: string;
  /** Of its tmux server. */
  socket: string;
}

const MARKER = '.rerail-drill';

export function placeAt(root: string): SandboxPlace {
  const outside = path.join(tmpdir(), `rerail-drill-${path.basename(root)}`);
  const [work = '', logs = '', pids = '', secrets = ''] = ['work', 'logs', 'pids', 'secrets'].map((name) =>
    path.join(root, name),
  );
  return { root, work, logs, pids, secrets, outside, socket: path.join(outside, 'tmux.sock') };
}

export const drillsFolder = (dataDir: string): string => path.join(dataDir, 'drills');

export const sandboxPlace = (dataDir: string, id: string): SandboxPlace =>
  placeAt(path.join(drillsFolder(dataDir), sha256(id).slice(0, 24)));

export async function openSandbox(dataDir: string, id: string): Promise<SandboxPlace> {
  const place = sandboxPlace(dataDir, id);
  for (const folder of [place.work, place.logs, place.pids, place.secrets])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path.join(place.root, MARKER), `${id}\n`);
  return place;
}

/** Empty where no drill has been at work. */
export async function ownerOf({ root }: SandboxPlace): Promise<string> {
  const marked = await readFile(path.join(root, MARKER), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  });
  return marked.trim();
}

/** Throws `invalid-input` where this drill has no sandbox: nothing else is ever broken on purpose. */
export async function existingSandbox(dataDir: string, id: string): Promise<SandboxPlace> {
  const place = sandboxPlace(dataDir, id);
  if ((await ownerOf(place)) === id) return place;
  throw new RerailError('invalid-input', `the drill ${id} has no sandbox in ${place.root}`, {
    remedy: 'A drill breaks only what it has made itself: start it again.',
    nonRetryable: true,
  });
}

export async function removeFolders({ root, outside }: SandboxPlace): Promise<void> {
  await rm(outside, { recursive: true, force: true });
  await rm(root, { recursive: true, force: true });
}

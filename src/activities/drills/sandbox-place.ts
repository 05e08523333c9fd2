import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { sha256 } from '../../process/digests.ts';
import { processIdentity } from '../../process/process-identity.ts';

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
const OUTSIDE = 'rerail-drill-';

export function placeAt(root: string): SandboxPlace {
  const outside = path.join(tmpdir(), `${OUTSIDE}${path.basename(root)}`);
  const [work = '', logs = '', pids = '', secrets = ''] = ['work', 'logs', 'pids', 'secrets'].map((name) =>
    path.join(root, name),
  );
  return { root, work, logs, pids, secrets, outside, socket: path.join(outside, 'tmux.sock') };
}

export const drillsFolder = (dataDir: string): string => path.join(dataDir, 'drills');

export const dataDirOf = ({ root }: SandboxPlace): string => path.dirname(path.dirname(root));

export const sandboxPlace = (dataDir: string, id: string): SandboxPlace =>
  placeAt(path.join(drillsFolder(dataDir), sha256(id).slice(0, 24)));

const BEGUN = /^\.begun-(\d+)-(\d+)-/;
const NAMED = /^[0-9a-f]{24}$/;

/** A folder of this name has its marker from its first moment on, so that one without is nobody's who is still at work. */
async function markFolder(root: string, id: string): Promise<void> {
  const parent = path.dirname(root);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const { pid, startTime } = processIdentity();
  const begun = await mkdtemp(path.join(parent, `.begun-${pid}-${startTime}-`));
  try {
    await writeFile(path.join(begun, MARKER), `${id}\n`);
    await rename(begun, root);
  } catch (error) {
    await rm(begun, { recursive: true, force: true });
    throw error;
  }
}

export async function openSandbox(dataDir: string, id: string): Promise<SandboxPlace> {
  const place = sandboxPlace(dataDir, id);
  if ((await ownerOf(place)) !== id) await markFolder(place.root, id);
  for (const folder of [place.work, place.logs, place.pids, place.secrets])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  return place;
}

/** Says whose it is: it lies where every user of the machine has some. */
export async function openOutside({ root, outside }: SandboxPlace): Promise<void> {
  await mkdir(outside, { recursive: true, mode: 0o700 });
  const marker = path.join(outside, MARKER);
  if ((await readMarker(outside)) !== root) await writeFile(marker, `${root}\n`);
}

async function readMarker(folder: string): Promise<string> {
  const marked = await readFile(path.join(folder, MARKER), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  });
  return marked.trim();
}

/** Empty where no drill has been at work. */
export const ownerOf = ({ root }: SandboxPlace): Promise<string> => readMarker(root);

/** Throws `invalid-input` where this drill has no sandbox: nothing else is ever broken on purpose. */
export async function existingSandbox(dataDir: string, id: string): Promise<SandboxPlace> {
  const place = sandboxPlace(dataDir, id);
  if ((await ownerOf(place)) === id) return place;
  throw new RerailError('invalid-input', `the drill ${id} has no sandbox in ${place.root}`, {
    remedy: 'A drill breaks only what it has made itself: start it again.',
    nonRetryable: true,
  });
}

/** The marker goes last: what is left, should somebody be killed in between, is known for what it is. */
export async function removeFolders({ root, outside }: SandboxPlace): Promise<void> {
  for (const folder of [outside, root]) {
    for (const name of await readdir(folder).catch(() => []))
      if (name !== MARKER) await rm(path.join(folder, name), { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

/** All that drills have begun below this data directory, whatever is left of it. */
export async function findPlaces(dataDir: string): Promise<SandboxPlace[]> {
  const folder = drillsFolder(dataDir);
  const inside = (await readdir(folder).catch(() => [])).filter((name) => NAMED.test(name));
  const orphans = (await readdir(tmpdir())).map(async (name) => {
    const root = name.startsWith(OUTSIDE) ? await readMarker(path.join(tmpdir(), name)).catch(() => '') : '';
    const own = path.basename(root);
    return path.dirname(root) === folder && NAMED.test(own) && name === `${OUTSIDE}${own}` ? [own] : [];
  });
  const names = new Set([...inside, ...(await Promise.all(orphans)).flat()]);
  return [...names].sort().map((name) => placeAt(path.join(folder, name)));
}

/** Begun by a process that was killed before it could say for which drill; nothing is in them. */
export async function removeBegun(dataDir: string): Promise<void> {
  const folder = drillsFolder(dataDir);
  for (const name of await readdir(folder).catch(() => [])) {
    const [, pid, startTime] = BEGUN.exec(name) ?? [];
    if (pid === undefined || processIdentity(Number(pid)).startTime === startTime) continue;
    await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

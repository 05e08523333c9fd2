import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sandbox } from '../../domain/drill-sandbox.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import type { SandboxPlace } from './sandbox-place.ts';

const LIMIT_MS = 10_000;
const LOOKS = 30;

async function run(argv: [string, ...string[]]): Promise<string | undefined> {
  const { exitCode, stderr } = await runProcess({
    argv,
    env: { PATH: process.env['PATH'] ?? '' },
    timeoutMs: LIMIT_MS,
  });
  return exitCode === 0 ? undefined : stderr.trim() || `ended with ${exitCode ?? 'a signal'}`;
}

/** What is mounted below this folder, deepest first. */
async function mountsBelow(root: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  return lines
    .map((line) => (line.split(' ')[1] ?? '').replace(/\\040/g, ' '))
    .filter((place) => place.startsWith(`${root}/`))
    .sort((a, b) => b.length - a.length);
}

/** Size-limited file systems in memory. Throws `setup-failed` where the worker may not mount: the drill is invalid then. */
export async function mountDisks(place: SandboxPlace, { disks = [] }: Sandbox, signal?: AbortSignal): Promise<void> {
  const there = disks.length > 0 ? await mountsBelow(place.root) : [];
  for (const { path: name, bytes } of disks) {
    const folder = path.join(place.work, name);
    if (there.includes(folder)) continue;
    signal?.throwIfAborted();
    await mkdir(folder, { recursive: true });
    const options = `size=${bytes},mode=0700,nosuid,nodev`;
    const wrong = await run(['mount', '-t', 'tmpfs', '-o', options, 'rerail-drill', folder]);
    if (wrong === undefined) continue;
    throw new RerailError('setup-failed', `the disk ${name} of the sandbox cannot be mounted: ${wrong}`, {
      remedy: 'Run the worker of this drill as root, on a host that may mount tmpfs.',
      nonRetryable: true,
    });
  }
}

/** Names those that stay. Whoever is at work on one has ended before. */
export async function unmountDisks({ root }: SandboxPlace): Promise<string[]> {
  for (let looks = 0; ; looks++) {
    const there = await mountsBelow(root);
    if (there.length === 0) return [];
    if (looks >= LOOKS) return there.map((folder) => `mount ${folder}`);
    for (const folder of there) await run(['umount', folder]);
    await delay(looks * 20);
  }
}

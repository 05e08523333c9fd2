import { spawnSync } from 'node:child_process';
import { nodeCommand, projectRoot } from '../support/node-command.ts';
import type { Outcome, Tell } from './outcome.ts';

export interface DiskFullOptions {
  /** How many amounts of free space are tried for each operation. */
  steps: number;
  seed: number;
  tell: Tell;
}

const isRoot = process.geteuid?.() === 0;
/** Mounts made inside are seen by nobody else and go with the process. */
const NAMESPACE = ['unshare', isRoot ? '-m' : '-rm'];

function canMount(): boolean {
  const [command = '', ...args] = [...NAMESPACE, 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', '/mnt'];
  return spawnSync(command, args).status === 0;
}

/** Capture, restore and sweep with every amount of room: they say `disk-full`, harm nothing, and work again with room. */
export function fillDisks({ steps, seed, tell }: DiskFullOptions): Outcome {
  const outcome: Outcome = { experiment: 'full disk', seed, counts: {}, violations: [] };
  if (!canMount()) {
    const skipped = 'neither mount nor user namespaces are allowed here';
    tell(`full disk: skipped, since ${skipped}`);
    return { ...outcome, skipped };
  }
  const child = nodeCommand(new URL('disk-full-child.ts', import.meta.url), JSON.stringify({ steps, seed }));
  const [command = '', ...args] = [...NAMESPACE, ...child];
  const run = spawnSync(command, args, { cwd: projectRoot, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (run.status !== 0) throw new Error(`The child of the full disk failed: ${run.stderr}`);
  const found = JSON.parse(run.stdout) as Outcome;
  tell(`full disk: ${JSON.stringify(found.counts)}`);
  for (const violation of found.violations) tell(`VIOLATION full disk: ${violation}`);
  return found;
}

import { chmodSync, chownSync, lchownSync, lstatSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { codeOf, RerailError } from '../../domain/errors.ts';
import { bytesOfName, keyOfBytes, locate, nameOfBytes } from './entry-path.ts';
import type { FsPath, NamedEntry } from './entry-path.ts';
import { createLstatBelow } from './lstat-below.ts';
import { ownersMatter } from './plan-tree.ts';
import { identify, sameIdentity } from './restore-steps.ts';
import type { RestoreStep } from './restore-steps.ts';
import { setMtimes } from './set-mtimes.ts';
import type { Timed } from './set-mtimes.ts';
import { newSlot, oldSlot } from './stage-files.ts';
import { syncFiles } from './sync-files.ts';

export interface ApplyOrder {
  root: string;
  stage: string;
  steps: readonly RestoreStep[];
  failpoint: (name: string) => void | Promise<void>;
  progress?: ((done: { steps: number; total: number }) => void) | undefined;
}

/**
 * Carries out the steps of a committed restore, as often as needed: each first looks whether it is done. Returns the
 * paths where something was overwritten that was not there at the commit.
 */
export async function applySteps({ root, stage, steps, failpoint, progress }: ApplyOrder): Promise<string[]> {
  const lost: string[] = [];
  const times: Timed[] = [];
  const enter = createParentCheck(root);
  const touched = new Set<string>();
  for (const [index, step] of steps.entries()) {
    if (index % 256 === 0) {
      progress?.({ steps: index, total: steps.length });
      await breathe();
    }
    const path = locate(root, step.name);
    if (!enter(step.name, step.do === 'mkdir' || step.do === 'place')) continue;
    if (step.do === 'remove') removeStep(step, path, stage);
    else if (step.do === 'mkdir') makeDirectory(path);
    else if (step.do === 'place') placeStep(step, path, stage, lost);
    else if (setAttributes(step, path)) times.push({ path, mtimeNs: step.mtimeNs });
    if (step.do !== 'attributes') {
      const bytes = bytesOfName(step.name);
      touched.add(bytes.subarray(0, Math.max(0, bytes.lastIndexOf(47))).toString('latin1'));
    }
    await failpoint(`restore.step.${step.do}`);
  }
  await setMtimes(times);
  // Looked up anew: some of them are no directories any more.
  const lstatBelow = createLstatBelow(root);
  const below = [...touched]
    .filter((relative) => relative !== '')
    .map((relative) => nameOfBytes(Buffer.from(relative, 'latin1')));
  const directories = below
    .filter((name) => lstatBelow(name)?.isDirectory() === true)
    .map((name) => locate(root, name));
  await syncFiles([root, ...directories], root);
  return lost;
}

/** The way to a path must be directories all along: a link in it would lead the restore out of the tree. */
function createParentCheck(root: string): (name: NamedEntry, required: boolean) => boolean {
  const checked = new Set<string>();
  return (name, required) => {
    const bytes = bytesOfName(name);
    for (let end = bytes.indexOf(47); end > 0; end = bytes.indexOf(47, end + 1)) {
      const parent = bytes.subarray(0, end);
      const key = keyOfBytes(parent);
      if (checked.has(key)) continue;
      const path = Buffer.concat([Buffer.from(`${root}/`), parent]);
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat?.isDirectory() !== true) {
        if (!required) return false;
        throw notDirectory(name.path, parent.toString());
      }
      // The mode it shall have is set last; until then its owner must be able to work in it.
      if (!ownersMatter() && (stat.mode & 0o700) !== 0o700) chmodSync(path, (stat.mode & 0o7777) | 0o700);
      checked.add(key);
    }
    return true;
  };
}

function removeStep(step: RestoreStep & { do: 'remove' }, path: FsPath, stage: string): void {
  if (!sameIdentity(identify(path), step.was) && !step.dir) return;
  try {
    if (step.dir) rmdirSync(path);
    else renameSync(path, oldSlot(stage, step.slot));
  } catch (error) {
    // Not empty: something came in since the commit and stays; the verification reports it.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
  }
}

function makeDirectory(path: FsPath): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) return;
  mkdirSync(path, { mode: 0o700 });
}

function placeStep(step: RestoreStep & { do: 'place' }, path: FsPath, stage: string, lost: string[]): void {
  const source = newSlot(stage, step.slot);
  if (identify(source) === null) return;
  const now = identify(path);
  if (now !== null && !sameIdentity(now, step.was)) lost.push(step.name.path);
  renameSync(source, path);
}

/** False when something else stands there, which the verification will report. */
function setAttributes(step: RestoreStep & { do: 'attributes' }, path: FsPath): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  const type = stat.isSymbolicLink() ? 'symlink' : stat.isDirectory() ? 'dir' : stat.isFile() ? 'file' : 'other';
  if (type !== step.type) return false;
  if (type === 'symlink') {
    if (ownersMatter()) lchownSync(path, step.uid, step.gid);
    return true;
  }
  if (ownersMatter()) chownSync(path, step.uid, step.gid);
  chmodSync(path, step.mode);
  return true;
}

function notDirectory(path: string, parent: string): RerailError {
  return new RerailError(
    'path-outside-workspace',
    `Cannot reach ${JSON.stringify(path)}: ${JSON.stringify(parent)} is not a directory any more`,
    {
      remedy: 'Move it away; the next restore of this directory goes on where this one stopped.',
    },
  );
}

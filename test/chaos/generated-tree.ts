import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import fc from 'fast-check';
import { codeOf } from '../../src/domain/errors.ts';
import { isRoot } from '../integration/checkpoint-fixtures.ts';
import { noise } from './scenes.ts';

/** Names that have broken other tools: spaces, line ends, dashes, dots, names of git, and bytes that are no text. */
const ODD_NAMES = ['a b', '-n', '..x', 'new\nline', '*', '.gitignore', 'ü', 'e\u0301', '"', '\\', '.git-not', 'a\tb'];

const anyName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
  { weight: 2, arbitrary: fc.constantFrom(...ODD_NAMES) },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .filter((bytes) => !bytes.some((byte) => byte === 0 || byte === 47)),
  },
);
const nameBytes = (name: string | Uint8Array): Buffer => Buffer.from(name);
const isUsable = (name: Buffer): boolean => !['.', '..', '.git', 'node_modules'].includes(name.toString('latin1'));

/** Relative, as bytes. */
const anyPath = fc
  .array(anyName, { minLength: 1, maxLength: 4 })
  .map((names) => names.map(nameBytes))
  .filter((names) => names.every(isUsable));

const anyMode = fc.constantFrom(0o644, 0o600, 0o755, 0o444, 0o4755, 0o2750, 0o1777, 0o640);
const anySize = fc.oneof(fc.constantFrom(0, 1, 4096, 262_144, 262_145), fc.nat(3000));
/** Before 1970, in this year, with every digit of the nanoseconds. */
const anyTime = fc.constantFrom('@-5.25', '@0.000000001', '@1234567890.123456789', '@1700000000.999999999');

const aFile = fc.record({
  kind: fc.constant('file' as const),
  path: anyPath,
  size: anySize,
  seed: fc.nat(5),
  mode: anyMode,
});
const aDirectory = fc.record({ kind: fc.constant('dir' as const), path: anyPath, mode: anyMode });
const aLink = fc.record({ kind: fc.constant('symlink' as const), path: anyPath, target: anyPath });
const aHardLink = fc.record({ kind: fc.constant('hardlink' as const), path: anyPath, to: fc.nat(20) });
const aTime = fc.record({ kind: fc.constant('time' as const), path: anyPath, time: anyTime });
const aRemoval = fc.record({ kind: fc.constant('remove' as const), path: anyPath });
const aMove = fc.record({ kind: fc.constant('move' as const), path: anyPath, target: anyPath });
const aModeChange = fc.record({ kind: fc.constant('chmod' as const), path: anyPath, mode: anyMode });

const building = fc.oneof({ weight: 4, arbitrary: aFile }, aDirectory, aLink, aHardLink, aTime);
const changing = fc.oneof(aFile, aDirectory, aLink, aHardLink, aTime, aMove, aModeChange, {
  weight: 3,
  arbitrary: aRemoval,
});

export const anyTree = fc.array(building, { maxLength: 25 });
export const anyMutations = fc.array(changing, { maxLength: 12 });

type Built<T> = T extends fc.Arbitrary<infer Item> ? Item : never;
type Change = Built<typeof building> | Built<typeof changing>;

const SLASH = Buffer.from('/');

const locate = (root: string, names: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from(root), ...names.flatMap((name) => [SLASH, name])]);

/** Undefined also below something that is no directory. */
function look(path: Buffer): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '')) throw error;
    return undefined;
  }
}

function remove(path: Buffer): void {
  if (look(path) !== undefined) rmSync(path, { recursive: true, force: true });
}

/** The directories above an entry; a file that stands in their way goes. */
function makeWay(root: string, names: readonly Buffer[]): Buffer {
  for (let depth = 1; depth < names.length; depth += 1) {
    const above = locate(root, names.slice(0, depth));
    if (look(above)?.isDirectory() === true) continue;
    remove(above);
    mkdirSync(above);
  }
  return locate(root, names);
}

function makeRoom(root: string, names: readonly Buffer[]): Buffer {
  const path = makeWay(root, names);
  remove(path);
  return path;
}

/** Without root's powers a directory must stay one that its owner can enter. */
const modeOfDirectory = (mode: number): number => (isRoot ? mode : mode | 0o700);

function link(root: string, names: readonly Buffer[], source: Buffer | undefined): void {
  if (source === undefined || look(source)?.isFile() !== true || locate(root, names).equals(source)) return;
  const path = makeRoom(root, names);
  // The source may have stood in the way.
  if (look(source)?.isFile() === true) linkSync(source, path);
}

function move(root: string, names: readonly Buffer[], target: readonly Buffer[]): void {
  const source = locate(root, names);
  const goal = locate(root, target);
  const isInside = goal.toString('latin1').startsWith(source.toString('latin1'));
  if (look(source) === undefined || isInside) return;
  const path = makeRoom(root, target);
  if (look(source) !== undefined) renameSync(source, path);
}

function change(root: string, one: Change, files: Buffer[]): void {
  const path = locate(root, one.path);
  const present = look(path);
  if (one.kind === 'file') {
    const made = makeRoom(root, one.path);
    writeFileSync(made, noise(one.seed, one.size));
    chmodSync(made, one.mode);
    files.push(made);
  } else if (one.kind === 'dir') {
    if (present?.isDirectory() !== true) mkdirSync(makeRoom(root, one.path));
    chmodSync(path, modeOfDirectory(one.mode));
  } else if (one.kind === 'symlink') {
    symlinkSync(Buffer.concat(one.target.flatMap((name) => [SLASH, name])).subarray(1), makeRoom(root, one.path));
  } else if (one.kind === 'hardlink') link(root, one.path, files[one.to % Math.max(1, files.length)]);
  else if (one.kind === 'move') move(root, one.path, one.target);
  else if (one.kind === 'remove') remove(path);
  else if (present === undefined) return;
  else if (one.kind === 'time') execFileSync('xargs', ['-0', 'touch', '-h', '-d', one.time, '--'], { input: path });
  else if (!present.isSymbolicLink()) chmodSync(path, present.isDirectory() ? modeOfDirectory(one.mode) : one.mode);
}

/** `files` collects what was written, for hard links to point at; pass the same for the changes that follow. */
export function changeTree(root: string, changes: readonly Change[], files: Buffer[]): void {
  for (const one of changes) change(root, one, files);
}

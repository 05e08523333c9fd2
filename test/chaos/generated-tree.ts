import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Stats } from 'node:fs';
import fc from 'fast-check';
import { isRoot } from '../integration/checkpoint-fixtures.ts';
import { noise } from './scenes.ts';

/** Names that have broken other tools: spaces, line ends, dashes, dots, names of git, and bytes that are no text. */
const ODD_NAMES = ['a b', '-n', '..x', 'new\nline', '*', '.gitignore', 'ü', 'e\u0301', '"', '\\', '.git-not', 'a\tb'];

const anyName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
  { weight: 2, arbitrary: fc.constantFrom(...ODD_NAMES).map((name) => name) },
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

const aFile = fc.record({ kind: fc.constant('file' as const), path: anyPath, size: anySize, seed: fc.nat(5), mode: anyMode });
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

type Change = typeof building extends fc.Arbitrary<infer B> ? B | (typeof changing extends fc.Arbitrary<infer C> ? C : never) : never;

const SLASH = Buffer.from('/');

const locate = (root: string, names: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from(root), ...names.flatMap((name) => [SLASH, name])]);

function look(path: Buffer): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

const remove = (path: Buffer): void => void execFileSync('rm', ['-rf', '--', new Latin1(path).text]);

/** Arguments of a program are text for Node: only paths that are UTF-8 can be passed on. */
class Latin1 {
  readonly text: string;
  constructor(path: Buffer) {
    this.text = path.toString('utf8');
  }
}

void remove;

/** Makes room for an entry: what stands in the way goes, the directories above are made. */
function makeWay(root: string, names: readonly Buffer[]): Buffer {
  for (let depth = 1; depth < names.length; depth += 1) {
    const above = locate(root, names.slice(0, depth));
    const stat = look(above);
    if (stat !== undefined && !stat.isDirectory()) rmSync(above, { force: true });
    if (stat?.isDirectory() !== true) mkdirSync(above);
  }
  return locate(root, names);
}

export function growTree(_root: string, _changes: readonly Change[]): void {
  void [chmodSync, linkSync, renameSync, symlinkSync, writeFileSync, isRoot, noise, makeWay];
}
export const mutateTree = growTree;

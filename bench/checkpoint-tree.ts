import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Half of the files are text that compresses, half are bytes that do not. The same seed gives the same bytes. */
function contentOf(seed: number, bytes: number): Buffer {
  if (seed % 2 === 0) return createHash('shake256', { outputLength: bytes }).update(String(seed)).digest();
  const line = `${createHash('sha256').update(String(seed)).digest('hex')} a line of text that is much like others\n`;
  return Buffer.from(line.repeat(Math.ceil(bytes / line.length))).subarray(0, bytes);
}

export interface TreeSize {
  files: number;
  bytes: number;
}

/** Files from a quarter up to seven quarters of the mean, 100 to a directory. */
export function makeTree(root: string, { files, bytes }: TreeSize): void {
  const mean = bytes / files;
  for (let index = 0; index < files; index += 1) {
    const directory = join(root, `dir-${String(Math.floor(index / 100))}`);
    if (index % 100 === 0) mkdirSync(directory, { recursive: true });
    const size = Math.round(mean * (0.25 + (1.5 * (index % 7)) / 6));
    writeFileSync(join(directory, `file-${String(index)}`), contentOf(index, size));
  }
}

/** Others in each round, of a tree of so many files. */
export function changeFiles(root: string, files: number, count: number, round: number): void {
  for (let index = 0; index < count; index += 1) {
    const file = (index * 97 + round * 7) % files;
    const path = join(root, `dir-${String(Math.floor(file / 100))}`, `file-${String(file)}`);
    writeFileSync(path, contentOf(1_000_000 + round * 1000 + index, 15_000));
  }
}

export function wipe(root: string): void {
  for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true, force: true });
}

/** Path and modification time of everything, one line each. */
export const timesOf = (root: string): string[] =>
  execFileSync('find', [root, '-mindepth', '1', '-printf', '%P %T@\\n'], { encoding: 'utf8', maxBuffer: 1 << 28 })
    .split('\n')
    .sort();

/** What earlier steps wrote shall not be flushed at the cost of the next one. */
export const settleDisk = (): void => void execFileSync('sync');

import { isUtf8 } from 'node:buffer';
import type { FileEntry } from '../../domain/checkpoint.ts';

/** How an entry of a tree is named, whatever bytes its name has. */
export interface NamedEntry {
  path: string;
  pathBytes?: string | undefined;
}

export type FsPath = string | Buffer;

/** Unique among the entries of a tree: a NUL is in no name, so bytes never meet text. */
export function entryKey({ path, pathBytes }: NamedEntry): string {
  return pathBytes === undefined ? path : `\0${pathBytes}`;
}

export function keyOfBytes(relative: Buffer): string {
  return entryKey(nameOfBytes(relative));
}

export function nameOfBytes(relative: Buffer): NamedEntry {
  const path = relative.toString('utf8');
  return isUtf8(relative) ? { path } : { path, pathBytes: relative.toString('base64') };
}

export function bytesOfName({ path, pathBytes }: NamedEntry): Buffer {
  return pathBytes === undefined ? Buffer.from(path) : Buffer.from(pathBytes, 'base64');
}

/** Where the entry is on disk. */
export function locate(root: string, entry: NamedEntry): FsPath {
  return entry.pathBytes === undefined
    ? `${root}/${entry.path}`
    : Buffer.concat([Buffer.from(`${root}/`), bytesOfName(entry)]);
}

/** Keys of all directories above, the nearest first. */
export function parentKeys(entry: NamedEntry): string[] {
  const bytes = bytesOfName(entry);
  const keys: string[] = [];
  for (let end = bytes.lastIndexOf(47); end > 0; end = bytes.lastIndexOf(47, end - 1))
    keys.push(keyOfBytes(bytes.subarray(0, end)));
  return keys;
}

export function linkTarget(target: Buffer): { target: string; targetBytes?: string } {
  const text = target.toString('utf8');
  return isUtf8(target) ? { target: text } : { target: text, targetBytes: target.toString('base64') };
}

export function sameTarget(a: FileEntry & { type: 'symlink' }, b: FileEntry & { type: 'symlink' }): boolean {
  return a.target === b.target && a.targetBytes === b.targetBytes;
}

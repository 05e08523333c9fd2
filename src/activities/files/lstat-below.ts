import { lstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { bytesOfName, keyOfBytes, locate } from './entry-path.ts';
import type { NamedEntry } from './entry-path.ts';

/** Looks at paths below a root without following a link anywhere on the way: what lies behind one is not there. */
export function createLstatBelow(root: string): (entry: NamedEntry) => BigIntStats | undefined {
  const directories = new Map<string, boolean>();
  const isDirectory = (parent: Buffer): boolean => {
    const key = keyOfBytes(parent);
    const known = directories.get(key);
    if (known !== undefined) return known;
    const stat = lstatSync(Buffer.concat([Buffer.from(`${root}/`), parent]), { throwIfNoEntry: false });
    const found = stat?.isDirectory() === true;
    directories.set(key, found);
    return found;
  };
  return (entry) => {
    const bytes = bytesOfName(entry);
    for (let end = bytes.indexOf(47); end > 0; end = bytes.indexOf(47, end + 1)) {
      if (!isDirectory(bytes.subarray(0, end))) return undefined;
    }
    return lstatSync(locate(root, entry), { bigint: true, throwIfNoEntry: false });
  };
}

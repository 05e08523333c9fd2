import type { FileEntry } from '../../domain/checkpoint.ts';
import { RerailError } from '../../domain/errors.ts';
import { bytesOfName, entryKey, parentKeys } from './entry-path.ts';
import { createExcluded } from './exclude-paths.ts';

/**
 * A manifest may come from a store that others can write: no path of it may leave the root, be there twice, lie below
 * something that is not a directory of the same manifest, or be one that its own rules exclude.
 */
export function checkEntries(entries: readonly FileEntry[], exclude: readonly string[]): void {
  const types = new Map<string, string>();
  const excluded = createExcluded(exclude);
  for (const entry of entries) {
    const key = entryKey(entry);
    const names = bytesOfName(entry).toString('latin1').split('/');
    if (names.some((name) => name === '' || name === '.' || name === '..' || name.includes('\0')))
      throw outside(entry.path, 'it does not stay below the root');
    if (types.has(key)) throw outside(entry.path, 'it is listed twice');
    if (excluded(entry.path)) throw outside(entry.path, 'the rules of the capture exclude it');
    types.set(key, entry.type);
  }
  for (const entry of entries) {
    for (const parent of parentKeys(entry))
      if (types.get(parent) !== 'dir') throw outside(entry.path, 'what it lies in is not a directory');
  }
}

function outside(path: string, why: string): RerailError {
  return new RerailError(
    'path-outside-workspace',
    `The checkpoint lists ${JSON.stringify(path)}, which is refused: ${why}`,
    {
      remedy: 'Do not restore this checkpoint; its manifest was not written by a capture.',
      nonRetryable: true,
    },
  );
}

import type { FileEntry } from '../../domain/checkpoint.ts';
import { entryKey } from './entry-path.ts';

/** A group is named after its first path, so that equal names mean equal groups in two scans. */
export function nameHardlinkGroups(links: ReadonlyMap<string, readonly (FileEntry & { type: 'file' })[]>): void {
  for (const members of links.values()) {
    const [first] = members;
    if (first === undefined || members.length < 2) continue;
    for (const member of members) member.hardlinkGroup = entryKey(first);
  }
}

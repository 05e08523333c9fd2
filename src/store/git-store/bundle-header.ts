import { open } from 'node:fs/promises';
import { damagedBundle } from '../damaged-bundle.ts';
import { refOf } from './checkpoint-refs.ts';

export interface BundleHeader {
  commit: string;
  /** Where git's pack begins in the file, in bytes. */
  packStart: number;
}

/** More than any header that is accepted. */
const HEADER_BYTES = 512;
const HEADER = /^# v3 git bundle\n@object-format=sha256\n([0-9a-f]{64}) (refs\/[^\n]+)\n\n(?=PACK)/;

/**
 * Only the form that `exportBundle` writes: one ref, the one of this checkpoint, and a pack that needs nothing else.
 * Throws `checkpoint-corrupt`.
 */
export async function readBundleHeader(file: string, id: string): Promise<BundleHeader> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const match = HEADER.exec(buffer.toString('latin1', 0, bytesRead));
    if (match === null) throw damagedBundle(id, 'it does not begin like a git bundle of one checkpoint');
    const [header, commit = '', ref = ''] = match;
    if (ref !== refOf(id)) throw damagedBundle(id, `it holds ${ref}`);
    return { commit, packStart: header.length };
  } finally {
    await handle.close();
  }
}

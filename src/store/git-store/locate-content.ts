import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import { contentPath, listRefs } from './checkpoint-refs.ts';
import { runGit } from './git-command.ts';
import type { GitRepository } from './git-command.ts';
import { listPacks, packDirectory } from './pack-files.ts';

/** Bytes of a pack: the first of a stored content, and the first behind it. */
export interface StoredPlace {
  file: string;
  from: number;
  to: number;
}

const HASH_BYTES = 32;
/** Of version 2 of a pack's index: offsets of 4 bytes, and of those above 2 GiB 8 bytes elsewhere. */
const FAR = 0x80000000;
const HEAD_BYTES = 8 + 256 * 4;

/** Offsets by object id. */
async function readOffsets(indexFile: string): Promise<Map<string, number>> {
  const index = await readFile(indexFile);
  const count = index.readUInt32BE(HEAD_BYTES - 4);
  const offsetsAt = HEAD_BYTES + count * (HASH_BYTES + 4);
  const offset = (at: number): number => {
    const near = index.readUInt32BE(offsetsAt + at * 4);
    return near < FAR ? near : Number(index.readBigUInt64BE(offsetsAt + count * 4 + (near - FAR) * 8));
  };
  const oid = (at: number): string =>
    index.toString('hex', HEAD_BYTES + at * HASH_BYTES, HEAD_BYTES + (at + 1) * HASH_BYTES);
  return new Map(Array.from({ length: count }, (_, at) => [oid(at), offset(at)]));
}

async function findInPacks(repository: GitRepository, oid: string): Promise<StoredPlace | undefined> {
  for (const name of await listPacks(repository)) {
    const base = join(packDirectory(repository), name);
    const offsets = await readOffsets(`${base}.idx`);
    const from = offsets.get(oid);
    if (from === undefined) continue;
    const file = `${base}.pack`;
    const ends = [...offsets.values(), (await stat(file)).size - HASH_BYTES].filter((end) => end > from);
    return { file, from, to: Math.min(...ends) };
  }
  return undefined;
}

/**
 * Where a content lies that exactly one checkpoint refers to: what happens to these bytes happens to nobody else. Throws
 * `invalid-input` where no checkpoint has it, or several share it.
 */
export async function locateOwnContent(storePath: string, digest: string): Promise<StoredPlace> {
  const repository: GitRepository = {
    path: storePath,
    gitDir: join(storePath, 'repository'),
    logger: { warn: () => undefined },
    failpoint: () => undefined,
  };
  const refs = [...(await listRefs(repository)).values()];
  const asked = refs.map((commit) => `${commit}:${contentPath(digest)}\n`).join('');
  const answers = (await runGit(repository, ['cat-file', '--batch-check=%(objectname)'], asked)).toString().split('\n');
  const owners = answers.filter((line) => /^[0-9a-f]{64}$/.test(line));
  const [oid] = owners;
  const place = owners.length === 1 && oid !== undefined ? await findInPacks(repository, oid) : undefined;
  if (place) return place;
  throw new RerailError(
    'invalid-input',
    owners.length > 1
      ? `${owners.length} checkpoints share this content`
      : 'no checkpoint holds this content in a pack',
    {
      remedy: 'Name a file that was captured and whose content no other tree has, such as random bytes.',
      nonRetryable: true,
    },
  );
}

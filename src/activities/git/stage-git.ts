import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Manifest } from '../../domain/checkpoint.ts';
import type { CheckpointStore } from '../../store/checkpoint-store.ts';
import { fsyncPath } from '../../store/fsync-path.ts';

export const gitStage = (stage: string): string => join(stage, 'git');
export const stagedName = (blob: string): string => blob.replace('/', '-');

/** Packs and index, complete and flushed beside the tree before anything is changed; the store checks their digests. */
export async function stageGit(
  store: CheckpointStore,
  checkpointId: string,
  stage: string,
  blobs: NonNullable<Manifest['blobs']>,
): Promise<void> {
  const directory = gitStage(stage);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const named = Object.entries(blobs).filter(([name]) => name.startsWith('git/'));
  const byDigest = new Map(named.map(([name, { sha256 }]) => [sha256, name]));
  await store.readContent(checkpointId, [...byDigest.keys()], async (digest, content) => {
    const file = join(directory, stagedName(byDigest.get(digest) ?? ''));
    await pipeline(Readable.from(content, { objectMode: false }), createWriteStream(file, { flags: 'w', mode: 0o600 }));
    await fsyncPath(file);
  });
  await fsyncPath(directory);
}

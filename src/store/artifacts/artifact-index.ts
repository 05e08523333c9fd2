import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { ArtifactIndexSchema } from '../../domain/artifact.schema.ts';
import type { ArtifactIndex } from '../../domain/artifact.schema.ts';
import { codeOf, messageOf, RerailError } from '../../domain/errors.ts';
import { fsyncPath } from '../fsync-path.ts';

export interface ArtifactIndexes {
  /** Empty for a subject that never saved one. Throws `store-failed` for one that cannot be read. */
  read(subject: string): Promise<ArtifactIndex>;
  write(index: ArtifactIndex): Promise<void>;
  all(): Promise<ArtifactIndex[]>;
  /** Where the last restore of a subject says what it is about. */
  notePath(subject: string): Promise<string>;
}

export function createArtifactIndexes(directory: string): ArtifactIndexes {
  // A subject is longer than a file name may be, and its case must not get lost on the way.
  const folderOf = (subject: string): string => join(directory, createHash('sha256').update(subject).digest('hex'));
  const readIndex = async (path: string): Promise<ArtifactIndex | undefined> => {
    try {
      return ArtifactIndexSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw new RerailError('store-failed', `The list of artifacts ${path} cannot be read: ${messageOf(error)}`, {
        remedy: 'Put it back from a copy of the data directory, or move it away and save the artifacts again.',
        cause: error,
        nonRetryable: true,
      });
    }
  };
  return {
    async read(subject) {
      const found = await readIndex(join(folderOf(subject), 'index.json'));
      return found ?? { schemaVersion: 1, subject, artifacts: [] };
    },
    async write(index) {
      const folder = folderOf(index.subject);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeFileAtomic(join(folder, 'index.json'), `${JSON.stringify(index)}\n`, { mode: 0o600 });
      await fsyncPath(folder);
      await fsyncPath(directory);
    },
    async all() {
      const names = await readdir(directory).catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      });
      const indexes = await Promise.all(names.map((name) => readIndex(join(directory, name, 'index.json'))));
      return indexes.filter((index) => index !== undefined);
    },
    async notePath(subject) {
      await mkdir(folderOf(subject), { recursive: true, mode: 0o700 });
      return join(folderOf(subject), 'restore.json');
    },
  };
}

import { basename, dirname, isAbsolute, join } from 'node:path';
import { RerailError } from '../../domain/errors.ts';
import { placeFile } from '../../store/artifacts/artifact-objects.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { digestAt } from './artifact-place.ts';

export interface CopyInput {
  subject: string;
  name: string;
  /** Default: the current one. */
  version?: string | undefined;
  /** An absolute path that is free, or holds this content already. */
  to: string;
}

export interface CopiedArtifact {
  name: string;
  version: string;
  sha256: string;
  size: number;
  to: string;
}

/** Writes a version's content to a file of its own, checked against its digest before it appears. */
export async function copyArtifact(
  store: ArtifactStore,
  { subject, name, version: wanted, to }: CopyInput,
): Promise<CopiedArtifact> {
  if (!isAbsolute(to)) throw refused(`${to} is no absolute path`, 'Give the whole path.');
  const { version } = await store.find(subject, name, wanted);
  const { sha256, size } = version;
  const folder = dirname(to);
  const present = await digestAt({ root: folder, storagePath: basename(to) });
  if (present !== undefined && present.sha256 !== sha256)
    throw refused(`${to} is there with other content`, 'Name a file that is not there yet, or move that one away.');
  if (present === undefined) {
    const stage = join(folder, `.${basename(to).slice(0, 200)}.part`);
    await placeFile({ stage, target: to }, store.read(name, version), version.mode);
  }
  return { name, version: version.version, sha256, size, to };
}

const refused = (message: string, remedy: string): RerailError =>
  new RerailError('invalid-input', message, { remedy, nonRetryable: true });

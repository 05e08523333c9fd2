import { lstat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { codeOf } from '../../domain/errors.ts';
import { resolveInside } from '../../process/inside.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { checkRoot } from '../files/check-root.ts';
import type { RootRules } from '../files/check-root.ts';

export interface SaveArtifactsInput {
  subject: string;
  /** Absolute; the files lie in it, and go back there. */
  workspace: string;
  artifacts: readonly { name: string; path: string; type?: string | undefined; version?: string | undefined }[];
  /** `skip` leaves out files that are not there; else the first of them is an error. */
  missing?: 'skip' | undefined;
  /** Done once for each key, however often it is asked for. */
  key?: string | undefined;
}

export interface SavedVersion {
  name: string;
  type: string;
  version: string;
  sha256: string;
  size: number;
  storagePath: string;
}

/** Keeps files of a workspace as the current versions of artifacts, in the order given. */
export async function saveArtifacts(
  { artifacts: store, ...rules }: RootRules & { artifacts: ArtifactStore },
  { subject, workspace, artifacts, missing, key }: SaveArtifactsInput,
): Promise<SavedVersion[]> {
  const saved: SavedVersion[] = [];
  for (const { name, path, type, version } of artifacts) {
    if (missing === 'skip' && !(await exists(resolve(workspace, path)))) continue;
    const locate = async () => {
      const root = await checkRoot(workspace, rules);
      const file = await resolveInside(root, path, `artifact ${name}`);
      return { file, root, storagePath: relative(root, file) };
    };
    const done = await store.save({
      subject,
      name,
      type,
      version,
      locate,
      key: key === undefined ? undefined : `${key}/${name}`,
    });
    const { sha256, size, storagePath } = done.version;
    saved.push({ name, type: done.artifact.type, version: done.version.version, sha256, size, storagePath });
  }
  return saved;
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

import type { StateParts } from '../../domain/checkpoint.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';

export type ArtifactEntry = NonNullable<StateParts['artifacts']>[number];

/** The current versions of a subject. Content is read only where its file was touched since it was read last. */
export async function captureArtifacts(
  store: ArtifactStore,
  subject: string,
): Promise<{ entries: ArtifactEntry[]; skipped: { path: string; reason: string }[] }> {
  const entries: ArtifactEntry[] = [];
  const skipped: { path: string; reason: string }[] = [];
  for (const { name, type, current, versions } of await store.list(subject)) {
    const version = versions.find((candidate) => candidate.version === current);
    const state = version === undefined ? 'missing' : await store.check(version, 'quick');
    if (version === undefined || state !== 'whole') {
      skipped.push({ path: `artifact ${name} ${current}`, reason: state });
      continue;
    }
    const { sha256: checksum, size, storagePath } = version;
    entries.push({ id: name, type, name, version: current, checksum, size, storagePath, stored: true });
  }
  return { entries, skipped };
}

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
  for (const artifact of await store.list(subject)) {
    const { version } = await store.find(subject, artifact.name);
    const state = await store.check(version, 'quick');
    if (state !== 'whole') {
      skipped.push({ path: `artifact ${artifact.name} ${version.version}`, reason: state });
      continue;
    }
    entries.push({
      id: artifact.name,
      type: artifact.type,
      name: artifact.name,
      version: version.version,
      checksum: version.sha256,
      size: version.size,
      storagePath: version.storagePath,
      stored: true,
    });
  }
  return { entries, skipped };
}

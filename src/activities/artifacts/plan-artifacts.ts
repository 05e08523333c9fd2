import { RerailError } from '../../domain/errors.ts';
import type { Artifact, ArtifactChange, ArtifactVersion } from '../../domain/artifact.ts';
import { nextVersion } from '../../store/artifacts/artifact-store.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { digestAt } from './artifact-place.ts';
import type { ArtifactEntry } from './capture-artifacts.ts';

/** An artifact of a checkpoint, as the store has it now. */
export interface WantedArtifact {
  id: string;
  artifact: Artifact;
  version: ArtifactVersion;
}

/**
 * Which of a checkpoint's artifacts this store has. What a caller once handed over as mere description is in neither list:
 * it is returned as it is.
 */
export async function findArtifacts(
  store: ArtifactStore,
  subject: string,
  entries: readonly ArtifactEntry[],
): Promise<{ wanted: WantedArtifact[]; lost: string[] }> {
  const wanted: WantedArtifact[] = [];
  const lost: string[] = [];
  const saved = await store.list(subject);
  for (const entry of entries) {
    const artifact = saved.find(({ name }) => name === entry.name);
    const version = artifact?.versions.find(
      (candidate) => candidate.version === entry.version && candidate.sha256 === entry.checksum,
    );
    if (artifact && version && (await store.check(version, 'full')) === 'whole')
      wanted.push({ id: entry.id, artifact, version });
    else if (version !== undefined || entry.stored === true) lost.push(`artifact ${entry.name} ${entry.version}`);
  }
  return { wanted, lost };
}

export const lostArtifacts = (checkpointId: string, lost: readonly string[]): RerailError =>
  new RerailError(
    'artifact-corrupt',
    `Checkpoint ${checkpointId} needs content that the artifact store of this host does not have: ${lost.join(', ')}`,
    {
      remedy:
        'Save the same content again where it still exists, restore other parts, or leave it out with --skip-lost.',
      details: { lost },
      nonRetryable: true,
    },
  );

export interface ArtifactOrder {
  wanted: readonly WantedArtifact[];
  rootOf: (version: ArtifactVersion) => string;
  /** True where a restore of files decides what is at the path. */
  treeDecides: (version: ArtifactVersion) => boolean;
}

/** What would change at present. */
export async function planArtifacts({ wanted, rootOf, treeDecides }: ArtifactOrder): Promise<ArtifactChange[]> {
  const changes: ArtifactChange[] = [];
  for (const { id, artifact, version } of wanted) {
    const common = { id, type: artifact.type, name: artifact.name, to: version.version };
    const { sha256, storagePath } = version;
    const present = treeDecides(version) ? 'tree' : await digestAt({ root: rootOf(version), storagePath });
    const content = present === 'tree' ? 'tree' : present?.sha256 === sha256 ? 'unchanged' : 'place';
    if (content !== 'place' && artifact.current === version.version) continue;
    const isUnsaved =
      content === 'place' &&
      present !== 'tree' &&
      present !== undefined &&
      !artifact.versions.some((candidate) => candidate.sha256 === present.sha256);
    changes.push({
      ...common,
      from: isUnsaved ? nextVersion(artifact) : artifact.current,
      sha256,
      storagePath,
      content,
      ...(isUnsaved ? { unsaved: true as const } : {}),
    });
  }
  return changes;
}

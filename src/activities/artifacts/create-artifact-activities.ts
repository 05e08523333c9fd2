import type { Artifact } from '../../domain/artifact.ts';
import { artifactStoreOf } from '../../store/artifacts/artifact-store.ts';
import { activateArtifact } from './change-artifact.ts';
import type { ActivateInput } from './change-artifact.ts';
import { copyArtifact } from './copy-artifact.ts';
import type { CopiedArtifact, CopyInput } from './copy-artifact.ts';
import { saveArtifacts } from './save-artifacts.ts';
import type { SaveArtifactsInput, SavedVersion } from './save-artifacts.ts';

export interface ArtifactDependencies {
  dataDir: string;
  /** Of checkpoints: no workspace. */
  storePath: string;
}

/** Artifacts of this host. Every one may be repeated. */
export function createArtifactActivities({ dataDir, storePath }: ArtifactDependencies) {
  const artifacts = artifactStoreOf(dataDir);
  const context = { artifacts, dataDir, storePath };
  return {
    saveArtifacts: (input: SaveArtifactsInput): Promise<SavedVersion[]> => saveArtifacts(context, input),
    listArtifacts: ({ subject }: { subject: string }): Promise<Artifact[]> => artifacts.list(subject),
    copyArtifact: (input: CopyInput): Promise<CopiedArtifact> => copyArtifact(artifacts, input),
    activateArtifact: (input: ActivateInput) => activateArtifact(context, input),
    removeArtifactVersion: ({ subject, name, version }: { subject: string; name: string; version: string }) =>
      artifacts.remove(subject, name, version),
  };
}

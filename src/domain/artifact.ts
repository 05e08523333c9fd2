export type { Artifact, ArtifactChange, ArtifactVersion, StepArtifact } from './artifact.schema.ts';

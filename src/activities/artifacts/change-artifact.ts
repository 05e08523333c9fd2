import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactChange, ArtifactVersion } from '../../domain/artifact.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { checkRestoreRoot } from '../files/check-root.ts';
import type { RootRules } from '../files/check-root.ts';
import { digestAt, placeContent } from './artifact-place.ts';
import { planArtifacts } from './plan-artifacts.ts';

/** Writes a version's content to where it belongs, unless it is there. */
export async function placeVersion(
  store: ArtifactStore,
  { name, version, root }: { name: string; version: ArtifactVersion; root: string },
): Promise<void> {
  const at = { root, storagePath: version.storagePath };
  await mkdir(root, { recursive: true });
  if ((await digestAt(at))?.sha256 === version.sha256) return;
  await placeContent(at, store.read(name, version), version.mode);
}

/** Makes a version of what is about to be overwritten. */
export async function saveUnsaved(
  store: ArtifactStore,
  order: { subject: string; change: ArtifactChange; root: string; key?: string | undefined },
): Promise<void> {
  const { subject, change, root, key } = order;
  const { storagePath } = change;
  const locate = () => Promise.resolve({ file: join(root, storagePath), root, storagePath });
  await store.save({ subject, name: change.name, version: change.from, locate, key });
}

export interface ActivateInput {
  subject: string;
  name: string;
  version: string;
  /** Default: where it was saved from. */
  workspace?: string | undefined;
}

/**
 * Makes a version current and puts its content back; what is there and is no version yet becomes one. Answers with the
 * version that was current before.
 */
export async function activateArtifact(
  { artifacts: store, ...rules }: RootRules & { artifacts: ArtifactStore },
  { subject, name, version: wanted, workspace }: ActivateInput,
): Promise<{ previousVersion: string; version: string }> {
  const { artifact, version } = await store.find(subject, name, wanted);
  const { path: root } = await checkRestoreRoot(workspace ?? version.root, rules);
  const found = { artifact, version, id: name };
  const changes = await planArtifacts({ wanted: [found], rootOf: () => root, treeDecides: () => false });
  for (const change of changes) {
    if (change.unsaved) await saveUnsaved(store, { subject, change, root });
    if (change.content === 'place') await placeVersion(store, { name, version, root });
    await store.activate(subject, [{ name, version: wanted }]);
  }
  return { previousVersion: changes[0]?.from ?? wanted, version: wanted };
}

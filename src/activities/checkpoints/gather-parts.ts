import type { Json } from '../../domain/canonical-json.ts';
import type { GitState, Manifest } from '../../domain/checkpoint.ts';
import { createReadStream } from 'node:fs';
import { captureArtifacts } from '../artifacts/capture-artifacts.ts';
import { captureProviders } from '../providers/carry-providers.ts';
import { captureGit } from '../git/capture-git.ts';
import { openRepository } from '../git/git-repository.ts';
import type { NamedContent } from '../../store/checkpoint-store.ts';
import type { Gathered } from './build-draft.ts';
import type { CaptureInput } from './capture-checkpoint.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import { readGitPart } from './checkpoint-record.ts';

/** An earlier checkpoint of the same root on this host: only a saving of time and space. */
export interface Parent {
  files: NonNullable<Manifest['files']>;
  git: { state: GitState; blobs: NamedContent[] } | undefined;
}

/** A parent that is gone or damaged means that everything is read. */
export async function readParent(
  { store, host, recent }: CheckpointContext,
  { parentId }: CaptureInput,
  root: string,
): Promise<Parent | undefined> {
  if (parentId === undefined) return undefined;
  const known = recent.find(parentId);
  const manifest = known?.manifest ?? (await store.manifest(parentId).catch(() => undefined));
  if (manifest?.scope?.root !== root || manifest.host !== host) return undefined;
  const state = known ? known.git : await readGitPart(store, manifest).catch(() => null);
  const blobs = Object.entries(manifest.blobs ?? {}).map(([name, blob]) => ({ name, ...blob }));
  const stored = await store.hasContent(blobs.map(({ sha256 }) => sha256));
  const whole = blobs.every(({ sha256 }) => stored.has(sha256));
  return { files: manifest.files ?? [], git: state !== null && whole ? { state, blobs } : undefined };
}

export interface GatherOrder {
  root: string | undefined;
  parent: Parent | undefined;
  /** For what is too large to hold until the store has it. */
  directory: string;
}

/** Everything but the files. */
export async function gatherParts(
  context: CheckpointContext,
  input: CaptureInput,
  { root, parent, directory }: GatherOrder,
): Promise<Pick<Gathered, 'parts' | 'blobs' | 'skipped'>> {
  const given = Object.entries(input.state ?? {}).filter(([, value]) => value !== undefined);
  const artifacts = await gatherArtifacts(context, input);
  const system = await gatherSystem(context, input, directory);
  const parts = { ...(Object.fromEntries(given) as Record<string, Json>), ...artifacts.parts, ...system.parts };
  const repository =
    root === undefined || input.includeGit === false ? null : await openRepository(root, context.signal);
  if (repository === null) return { parts, blobs: system.blobs, skipped: artifacts.skipped };
  const { state, blobs, skipped } = await captureGit({ repository, directory, earlier: parent?.git });
  return {
    parts: { ...parts, git: state },
    blobs: [...system.blobs, ...blobs],
    skipped: [...artifacts.skipped, ...skipped],
  };
}

/** What a caller says of artifacts of its own goes first. */
async function gatherArtifacts(
  { artifacts }: CheckpointContext,
  { info, state, artifacts: wanted = true }: CaptureInput,
): Promise<Pick<Gathered, 'parts' | 'skipped'>> {
  if (!wanted || (state?.artifacts ?? []).length > 0) return { parts: {}, skipped: [] };
  const { entries, skipped } = await captureArtifacts(artifacts, info.subject);
  return { parts: entries.length === 0 ? {} : { artifacts: entries }, skipped };
}

/** Databases first: they are the likeliest to move on. */
async function gatherSystem(
  { providers, progress, signal }: CheckpointContext,
  { providers: names = [], info }: CaptureInput,
  directory: string,
): Promise<{ parts: Record<string, Json>; blobs: NamedContent[] }> {
  if (names.length === 0) return { parts: {}, blobs: [] };
  progress('providers', { item: names.join(', ') });
  const { system, blobs } = await captureProviders(providers, names, directory, signal, info.type === 'recovery');
  return {
    parts: { system },
    blobs: Object.entries(blobs).map(([name, { file, sha256, size }]) => ({
      name,
      sha256,
      size,
      open: () => createReadStream(file),
    })),
  };
}

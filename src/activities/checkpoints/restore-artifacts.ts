import type { ArtifactChange, ArtifactVersion } from '../../domain/artifact.ts';
import type { StateParts } from '../../domain/checkpoint.ts';
import { digestAt } from '../artifacts/artifact-place.ts';
import { placeVersion, saveUnsaved } from '../artifacts/change-artifact.ts';
import { findArtifacts, lostArtifacts, planArtifacts } from '../artifacts/plan-artifacts.ts';
import type { WantedArtifact } from '../artifacts/plan-artifacts.ts';
import { readRestoreNote, writeRestoreNote } from '../artifacts/restore-note.ts';
import { checkRestoreRoot } from '../files/check-root.ts';
import { createExcluded } from '../files/exclude-paths.ts';
import { createMatcher } from '../files/select-tree.ts';
import type { CheckpointContext } from './checkpoint-context.ts';
import type { Prepared } from './prepare-restore.ts';

/** Versions of artifacts that a restore makes current again. */
export interface ArtifactRestore {
  changes: ArtifactChange[];
  /** What the store does not have any more, and is left out. */
  lost: string[];
  /** Writes down what is about to be done, and saves what would be overwritten and is no version yet. */
  keepPresent(): Promise<void>;
  /** May be repeated. */
  apply(): Promise<void>;
  /** One line for each difference that is left. */
  verify(): Promise<string[]>;
}

/** Undefined when no artifact of the store is to be restored. Throws `artifact-corrupt` for lost ones, unless they may be left out. */
export async function prepareArtifacts(
  context: CheckpointContext,
  prepared: Prepared,
  entries: StateParts['artifacts'] = [],
): Promise<ArtifactRestore | undefined> {
  const { input, manifest } = prepared;
  const { subject } = manifest.info;
  const store = context.artifacts;
  const { wanted, lost } = await findArtifacts(store, subject, entries);
  if (lost.length > 0 && input.options.skipLost !== true) throw lostArtifacts(input.checkpointId, lost);
  if (wanted.length === 0 && lost.length === 0) return undefined;
  const rootOf = await chooseRoots(context, prepared, wanted);
  const treeDecides = createTreeDecides(prepared, rootOf);
  const backupId = input.options.dryRun ? undefined : input.backup?.id;
  const note = backupId === undefined ? undefined : { backupId, checkpointId: input.checkpointId };
  const begun = note && (await readRestoreNote(await store.notePath(subject), note));
  const changes = begun ?? (await planArtifacts({ wanted, rootOf, treeDecides }));
  const versionOf = ({ name }: ArtifactChange): ArtifactVersion | undefined =>
    wanted.find(({ artifact }) => artifact.name === name)?.version;

  return {
    changes,
    lost,
    async keepPresent() {
      context.signal?.throwIfAborted();
      if (note !== undefined) await writeRestoreNote(await store.notePath(subject), { ...note, changes });
      for (const change of changes) {
        const version = versionOf(change);
        if (change.unsaved !== true || version === undefined) continue;
        const key = note === undefined ? undefined : `restore/${note.backupId}/${change.name}`;
        await saveUnsaved(store, { subject, change, root: rootOf(version), key });
      }
    },
    async apply() {
      for (const change of changes) {
        const version = versionOf(change);
        if (change.content === 'place' && version !== undefined) {
          context.progress('artifacts', { item: `${change.name} ${version.version}` });
          await placeVersion(store, { name: change.name, version, root: rootOf(version) });
        }
        await context.failpoint('restore.artifact-placed');
      }
      if (changes.length > 0)
        await store.activate(
          subject,
          changes.map(({ name, to }) => ({ name, version: to })),
        );
    },
    async verify() {
      const mismatches: string[] = [];
      const saved = await store.list(subject);
      for (const { artifact, version } of wanted) {
        const current = saved.find(({ name }) => name === artifact.name)?.current;
        if (current !== version.version)
          mismatches.push(`artifact ${artifact.name} is at ${current ?? 'no version'}, captured ${version.version}`);
        if (treeDecides(version) && capturedDigest(prepared, version) !== version.sha256) continue;
        const { storagePath } = version;
        const found = await digestAt({ root: rootOf(version), storagePath });
        if (found?.sha256 !== version.sha256)
          mismatches.push(`artifact ${artifact.name}: ${storagePath} is not as version ${version.version} has it`);
      }
      return mismatches;
    },
  };
}

/** Back to where they were saved from, unless the whole restore goes elsewhere. */
async function chooseRoots(
  context: CheckpointContext,
  { input, root }: Prepared,
  wanted: readonly WantedArtifact[],
): Promise<(version: ArtifactVersion) => string> {
  const elsewhere = input.root === undefined ? undefined : root;
  const checked = new Map<string, string>();
  for (const named of new Set(wanted.map(({ version }) => elsewhere ?? version.root)))
    checked.set(named, (await checkRestoreRoot(named, context)).path);
  return (version) => checked.get(elsewhere ?? version.root) ?? version.root;
}

const capturedDigest = ({ files = [] }: Prepared, { storagePath }: ArtifactVersion): string | undefined => {
  const entry = files.find(({ path, pathBytes }) => path === storagePath && pathBytes === undefined);
  return entry?.type === 'file' ? entry.sha256 : undefined;
};

/** A tree comes back exactly as it was captured: in it an artifact is what the capture found there. */
function createTreeDecides(
  { input, manifest, root, restoresFiles, lost }: Prepared,
  rootOf: (version: ArtifactVersion) => string,
): (version: ArtifactVersion) => boolean {
  const excluded = createExcluded(manifest.scope?.exclude ?? []);
  const asked = input.options.scope?.files;
  const isAsked = Array.isArray(asked) ? createMatcher(asked) : () => true;
  const unknown = new Set([...lost, ...manifest.skipped.map(({ path }) => path)]);
  return (version) => {
    const { storagePath } = version;
    if (!restoresFiles || rootOf(version) !== root || unknown.has(storagePath) || !isAsked(storagePath)) return false;
    const names = storagePath.split('/');
    return names.every((_name, index) => !excluded(names.slice(0, index + 1).join('/')));
  };
}

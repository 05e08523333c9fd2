import { join } from 'node:path';
import {
  ArtifactNameSchema,
  ArtifactTypeSchema,
  ArtifactVersionNameSchema,
  StoragePathSchema,
} from '../../domain/artifact.schema.ts';
import type { Artifact, ArtifactIndex, ArtifactVersion } from '../../domain/artifact.schema.ts';
import { RerailError } from '../../domain/errors.ts';
import { TargetSchema } from '../../domain/names.schema.ts';
import { parseInput } from '../../domain/parse-input.ts';
import { createFileLocks } from '../../process/file-locks.ts';
import { removeAbandoned, withTemporaryDirectory } from '../temporary-directory.ts';
import { artifactNotFound } from './artifact-errors.ts';
import { createArtifactIndexes } from './artifact-index.ts';
import { copyStill, createArtifactObjects } from './artifact-objects.ts';
import type { CopiedFile, ObjectState, Seen } from './artifact-objects.ts';

export interface ArtifactPlace {
  /** A path without links. */
  file: string;
  root: string;
  storagePath: string;
}

export interface SaveOrder {
  subject: string;
  name: string;
  /** Default: `file`, or what it was before. */
  type?: string | undefined;
  /** Default: `v1`, `v2`, …; content that is a version already makes no new one. */
  version?: string | undefined;
  /** Where it is. Not asked when the key has been here before: the file may be gone by then. */
  locate: () => Promise<ArtifactPlace>;
  /** The same key again is answered as the first time, whatever the file holds by then. */
  key?: string | undefined;
}

export interface SavedArtifact {
  artifact: Artifact;
  version: ArtifactVersion;
}

export interface ArtifactStore {
  /**
   * Keeps a file's content as a version and makes it the current one. Throws `artifact-conflict` for a version that is
   * there with other content.
   */
  save(order: SaveOrder): Promise<SavedArtifact>;
  list(subject: string): Promise<Artifact[]>;
  /** Throws `artifact-not-found`. Default: the current version. */
  find(subject: string, name: string, version?: string): Promise<SavedArtifact>;
  /** Ends with `artifact-corrupt` when the bytes are not those that were saved. */
  read(name: string, version: ArtifactVersion): AsyncIterable<Uint8Array>;
  check(version: ArtifactVersion, depth: 'quick' | 'full'): Promise<ObjectState>;
  /** Makes these versions current, all at once. */
  activate(subject: string, versions: readonly { name: string; version: string }[]): Promise<void>;
  /** Refused for the current version. */
  remove(subject: string, name: string, version: string): Promise<void>;
  notePath(subject: string): Promise<string>;
}

const KEYS = 100;

/** That of a host. */
export const artifactStoreOf = (dataDir: string): ArtifactStore =>
  createArtifactStore({ directory: join(dataDir, 'artifacts') });

export function createArtifactStore({ directory }: { directory: string }): ArtifactStore {
  const objects = createArtifactObjects(join(directory, 'objects'));
  const indexes = createArtifactIndexes(join(directory, 'subjects'));
  const incoming = join(directory, 'incoming');
  // One for all subjects: they share objects.
  const locks = createFileLocks(join(directory, 'locks'));

  const find = async (subject: string, name: string, wanted?: string): Promise<SavedArtifact> => {
    const artifact = requireArtifact(await indexes.read(subject), name);
    return { artifact, version: requireVersion(artifact, subject, wanted ?? artifact.current) };
  };

  return {
    find,
    async save(given) {
      const order = checkOrder(given);
      const earlier = savedBefore(await indexes.read(order.subject), order);
      if (earlier !== undefined) return earlier;
      await removeAbandoned(incoming);
      const place = await order.locate();
      parseInput(StoragePathSchema, place.storagePath, `The path of artifact ${order.name}`);
      return withTemporaryDirectory(incoming, 'save-', async (temporary) => {
        const file = join(temporary, 'content');
        const copied = await copyStill(place.file, file);
        return locks.exclusive(async () => {
          const index = await indexes.read(order.subject);
          const repeated = savedBefore(index, order);
          if (repeated !== undefined) return repeated;
          requireSameContent(index, order, copied);
          const seen = await objects.adopt(file, copied.sha256);
          const saved = addVersion(index, order, { ...place, ...copied, seen });
          await indexes.write(index);
          return saved;
        });
      });
    },
    list: async (subject) => (await indexes.read(subject)).artifacts,
    read: (name, version) => objects.read(version, `artifact ${name} ${version.version}`),
    check: (version, depth) => objects.check(version, depth === 'quick' ? version.seen : undefined),
    activate: (subject, versions) =>
      locks.exclusive(async () => {
        const index = await indexes.read(subject);
        for (const { name, version } of versions) {
          const artifact = requireArtifact(index, name);
          artifact.current = requireVersion(artifact, subject, version).version;
        }
        await indexes.write(index);
      }),
    remove: (subject, name, version) =>
      locks.exclusive(async () => {
        const index = await indexes.read(subject);
        const artifact = requireArtifact(index, name);
        const { sha256 } = requireVersion(artifact, subject, version);
        if (artifact.current === version) throw isCurrent(subject, name, version);
        artifact.versions = artifact.versions.filter((candidate) => candidate.version !== version);
        await indexes.write(index);
        const used = (await indexes.all()).some(({ artifacts }) =>
          artifacts.some(({ versions }) => versions.some((candidate) => candidate.sha256 === sha256)),
        );
        if (!used) await objects.remove(sha256);
      }),
    notePath: (subject) => indexes.notePath(subject),
  };
}

function checkOrder(order: SaveOrder): SaveOrder {
  return {
    ...order,
    subject: parseInput(TargetSchema, order.subject, 'The subject'),
    name: parseInput(ArtifactNameSchema, order.name, 'The name of the artifact'),
    type: parseInput(ArtifactTypeSchema.optional(), order.type, `The type of artifact ${order.name}`),
    version: parseInput(ArtifactVersionNameSchema.optional(), order.version, `The version of artifact ${order.name}`),
  };
}

function savedBefore({ artifacts }: ArtifactIndex, { name, key }: SaveOrder): SavedArtifact | undefined {
  if (key === undefined) return undefined;
  const artifact = artifacts.find((candidate) => candidate.name === name);
  const version = artifact?.versions.find(({ keys }) => keys.includes(key));
  return artifact && version && { artifact, version };
}

function requireSameContent({ artifacts }: ArtifactIndex, { subject, name, version }: SaveOrder, copied: CopiedFile) {
  const artifact = artifacts.find((candidate) => candidate.name === name);
  const there = artifact?.versions.find((candidate) => candidate.version === version);
  if (there === undefined || there.sha256 === copied.sha256) return;
  throw new RerailError(
    'artifact-conflict',
    `Version ${there.version} of artifact ${name} of ${subject} is there with other content: ${there.sha256.slice(0, 12)}…, given was ${copied.sha256.slice(0, 12)}…`,
    {
      remedy: 'Versions never change: give the new content a version of its own, or none.',
      details: { saved: there.sha256, given: copied.sha256 },
      nonRetryable: true,
    },
  );
}

type Incoming = Omit<ArtifactPlace, 'file'> & CopiedFile & { seen: Seen };

function addVersion(index: ArtifactIndex, order: SaveOrder, incoming: Incoming): SavedArtifact {
  const { name, type, key } = order;
  const { sha256, size, mode, root, storagePath, seen } = incoming;
  const keys = key === undefined ? [] : [key];
  const known = index.artifacts.find((candidate) => candidate.name === name);
  const same = known?.versions.findLast(
    (candidate) =>
      candidate.sha256 === sha256 &&
      (order.version === undefined
        ? candidate.root === root && candidate.storagePath === storagePath
        : candidate.version === order.version),
  );
  if (known && same) {
    same.keys = [...same.keys, ...keys].slice(-KEYS);
    same.seen = seen;
    known.current = same.version;
    known.type = type ?? known.type;
    return { artifact: known, version: same };
  }
  const version: ArtifactVersion = {
    version: order.version ?? nextVersion(known),
    sha256,
    size,
    mode,
    savedAt: new Date().toISOString(),
    root,
    storagePath,
    keys,
    seen,
  };
  const artifact = known ?? { name, type: type ?? 'file', current: version.version, versions: [] };
  if (known === undefined) index.artifacts.push(artifact);
  artifact.type = type ?? artifact.type;
  artifact.versions.push(version);
  artifact.current = version.version;
  return { artifact, version };
}

/** The name that a version without one will get. */
export function nextVersion(artifact: Artifact | undefined): string {
  const numbers = (artifact?.versions ?? []).map(({ version }) => Number(/^v(\d{1,9})$/.exec(version)?.[1] ?? 0));
  return `v${String(Math.max(0, ...numbers) + 1)}`;
}

function requireArtifact({ subject, artifacts }: ArtifactIndex, name: string): Artifact {
  const found = artifacts.find((candidate) => candidate.name === name);
  if (found) return found;
  const names = artifacts.map((artifact) => artifact.name).join(', ');
  throw artifactNotFound(`${subject} has no artifact ${name}; it has: ${names || 'none'}`);
}

function requireVersion(artifact: Artifact, subject: string, wanted: string): ArtifactVersion {
  const found = artifact.versions.find(({ version }) => version === wanted);
  if (found) return found;
  const versions = artifact.versions.map(({ version }) => version).join(', ');
  throw artifactNotFound(`Artifact ${artifact.name} of ${subject} has no version ${wanted}; it has: ${versions}`);
}

const isCurrent = (subject: string, name: string, version: string): RerailError =>
  new RerailError('invalid-input', `Version ${version} of artifact ${name} of ${subject} is the current one`, {
    remedy: 'Make another version current first.',
    nonRetryable: true,
  });

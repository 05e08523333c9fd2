import { canonicalJson } from '../domain/canonical-json.ts';
import { ManifestSchema, CheckpointIdSchema } from '../domain/checkpoint.schema.ts';
import type { Manifest } from '../domain/checkpoint.ts';
import { isRerailError, RerailError, messageOf } from '../domain/errors.ts';
import type { CheckpointDraft } from './checkpoint-store.ts';
import { sha256 } from '../process/digests.ts';

export interface EncodedDraft {
  id: string;
  checksum: string;
  manifestText: string;
  partTexts: Map<string, string>;
  /** Size of every content by its digest. */
  sizes: Map<string, number>;
}

export function requireId(id: string): string {
  if (CheckpointIdSchema.safeParse(id).success) return id;
  throw new RerailError('invalid-input', `"${id}" is not a checkpoint id`, {
    remedy: 'Use an id as `rerail checkpoint list` shows it.',
    nonRetryable: true,
  });
}

/** Digest and size of every content that a manifest refers to. */
export function contentSizes(manifest: Manifest): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const entry of manifest.files ?? []) if (entry.type === 'file') sizes.set(entry.sha256, entry.size);
  for (const { sha256: digest, size } of Object.values(manifest.blobs ?? {})) sizes.set(digest, size);
  return sizes;
}

/** What a damaged content makes unrestorable, by its digest: paths, `blob <name>`, `part <name>`. */
export function itemsByDigest(manifest: Manifest): Map<string, string[]> {
  const items = new Map<string, string[]>();
  const add = (digest: string, item: string): void => {
    const others = items.get(digest);
    if (others === undefined) items.set(digest, [item]);
    else others.push(item);
  };
  for (const entry of manifest.files ?? []) if (entry.type === 'file') add(entry.sha256, entry.path);
  for (const [name, { sha256: digest }] of Object.entries(manifest.blobs ?? {})) add(digest, `blob ${name}`);
  for (const [name, { sha256: digest }] of Object.entries(manifest.parts)) add(digest, `part ${name}`);
  return items;
}

/** The texts that are stored, after a check that the parts are those the manifest names. */
export function encodeDraft(draft: CheckpointDraft): EncodedDraft {
  const manifestText = canonicalJson(ManifestSchema.parse(draft.manifest));
  const partTexts = new Map(Object.entries(draft.parts).map(([name, value]) => [name, canonicalJson(value)]));
  const named = Object.keys(draft.manifest.parts).sort().join(' ');
  const given = [...partTexts.keys()].sort().join(' ');
  if (named !== given) throw badDraft(draft, `its manifest names the parts "${named}" and it carries "${given}"`);
  for (const [name, text] of partTexts) {
    if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(name)) throw badDraft(draft, `"${name}" is not a part name`);
    if (sha256(text) !== draft.manifest.parts[name]?.sha256)
      throw badDraft(draft, `the digest of part "${name}" is wrong`);
  }
  const id = requireId(draft.manifest.info.id);
  return { id, checksum: sha256(manifestText), manifestText, partTexts, sizes: contentSizes(draft.manifest) };
}

function badDraft(draft: CheckpointDraft, why: string): RerailError {
  return new RerailError('invalid-input', `Checkpoint ${draft.manifest.info.id} cannot be stored: ${why}`, {
    remedy: 'Build the manifest from the parts that are stored with it.',
    nonRetryable: true,
  });
}

/** Stored bytes are never trusted: compared with the checksum first, parsed after. */
export function decodeManifest(id: string, text: string, checksum: string): Manifest {
  const actual = sha256(text);
  if (actual !== checksum) throw corrupt(id, ['manifest'], `its SHA-256 is ${actual}, not ${checksum}`);
  try {
    return ManifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw corrupt(id, ['manifest'], messageOf(error));
  }
}

export function corrupt(id: string, items: readonly string[], why: string, cause?: unknown): RerailError {
  const shown = items.slice(0, 5).join(', ') + (items.length > 5 ? ` and ${String(items.length - 5)} more` : '');
  return new RerailError('checkpoint-corrupt', `Checkpoint ${id} is damaged at ${shown}: ${why}`, {
    remedy: `Run \`rerail checkpoint verify ${id}\` for the whole list, then use another checkpoint.`,
    details: { checkpointId: id, items },
    nonRetryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Content that a new checkpoint shares with older ones turns out damaged: it has to be stored anew. */
export function storedDamaged(id: string, digests: readonly string[], why: string): RerailError {
  const error = corrupt(id, digests, `read back after the write: ${why}`);
  return new RerailError('checkpoint-corrupt', error.message, {
    remedy: 'Repair the store with `rerail checkpoint repair`, then capture again.',
    details: { ...error.details, storedDamaged: true },
  });
}

export const isStoredDamaged = (error: unknown): boolean =>
  isRerailError(error) && error.details['storedDamaged'] === true;

export function notFound(id: string): RerailError {
  return new RerailError('checkpoint-not-found', `There is no checkpoint ${id} in the store`, {
    remedy: 'See `rerail checkpoint list` for what is there.',
    nonRetryable: true,
  });
}

export function idTaken(id: string): RerailError {
  return new RerailError('checkpoint-invalid', `Checkpoint ${id} exists already with other content`, {
    remedy: 'Take a new id: a checkpoint is never overwritten.',
    nonRetryable: true,
  });
}

export function contentAbsent(id: string, digests: readonly string[]): RerailError {
  return new RerailError(
    'store-failed',
    `Checkpoint ${id} refers to ${String(digests.length)} contents that are neither stored nor given, first ${digests[0] ?? ''}`,
    {
      remedy: 'Capture again: the files are then read anew.',
      details: { absent: digests },
    },
  );
}

/** The source no longer has the bytes that the manifest promises. */
export function contentChanged(id: string, digests: readonly string[]): RerailError {
  return new RerailError('store-failed', `${String(digests.length)} files changed while checkpoint ${id} was stored`, {
    remedy: 'Capture again, after stopping what writes there.',
    details: { changed: digests },
  });
}

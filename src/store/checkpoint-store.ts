import type { Json } from '../domain/canonical-json.ts';
import type { CheckpointRecord, Manifest } from '../domain/checkpoint.ts';
import type { StoreProblem } from '../domain/store-care.ts';
import type { FileDigest } from './digest-file.ts';

/** Opens the bytes of one captured file. Called again when the bytes changed while being read. No chunk is used twice. */
export type ContentSource = () => AsyncIterable<Uint8Array>;

/** Content that is no file of the tree, such as a pack of commits or a database's dump. */
export interface NamedContent {
  name: string;
  sha256: string;
  size: number;
  /** Absent for one that the store has already. */
  open?: ContentSource;
}

export interface CheckpointDraft {
  manifest: Manifest;
  /** State parts by name; their digests stand in `manifest.parts`. */
  parts: Record<string, Json>;
  /** Content that the store may lack, by SHA-256. Digests of the manifest that are not here must be stored already. */
  content: Map<string, { size: number; open: ContentSource }>;
  /** Time spent on the capture so far; `durationMs` of the receipt counts from there. */
  elapsedMs?: number;
}

export interface PutResult {
  /** SHA-256 of the manifest's canonical JSON. */
  checksum: string;
  newBytes: number;
  durationMs: number;
}

export type VerifyLevel = 'quick' | 'full';

export interface StoreUsage {
  checkpoints: number;
  /** Of all content, what is quarantined included. */
  bytes: number;
  quarantinedBytes: number;
  freeBytes: number;
}

/** A file of the store that was damaged and is kept aside for two weeks. */
export interface QuarantinedPack {
  name: string;
  problem: string;
  /** Null where not even the list of what it held could be read. */
  lostObjects: number | null;
}

export interface StoreRepair {
  quarantined: QuarantinedPack[];
  /** What is still lost of each checkpoint: a path, `part <name>`, `blob <name>` or `manifest`. */
  problems: StoreProblem[];
}

/**
 * Where checkpoints live. Content is addressed by SHA-256 and shared between checkpoints; a checkpoint appears whole
 * or not at all. Every adapter passes `test/contract/checkpoint-store.suite.ts`.
 *
 * Errors: `checkpoint-not-found`, `checkpoint-corrupt` (names the items), `store-failed`, `disk-full`.
 */
export interface CheckpointStore {
  /** Create-only. The same id with the same manifest again is answered as the first time; with another it fails. */
  put(draft: CheckpointDraft): Promise<PutResult>;
  has(id: string): Promise<boolean>;
  /** What `put` answered when the checkpoint was made. */
  receipt(id: string): Promise<PutResult>;
  /** Which of these digests are stored, so that a capture need not read what is there. */
  hasContent(digests: readonly string[]): Promise<Set<string>>;
  /** Compared with its checksum, then parsed. */
  manifest(id: string): Promise<Manifest>;
  part(id: string, name: string): Promise<Json>;
  /** Streams contents in the order asked; each is checked against its digest before the sink's promise is awaited for the next. */
  readContent(
    id: string,
    digests: readonly string[],
    sink: (digest: string, content: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void>;
  /**
   * A checkpoint whose header cannot be read is listed with an empty checksum; `verify` says what is wrong with it, and with one whose
   * header could be read before.
   */
  list(): Promise<{ id: string; checksum: string; createdAt: string }[]>;
  /** `quick`: manifest and presence of all content. `full`: every byte is read and hashed. Problems are returned, not thrown. */
  verify(id: string, level: VerifyLevel): Promise<StoreProblem[]>;
  /** Every byte of the store and then the presence of everything that a checkpoint needs. Changes nothing. */
  check(): Promise<StoreProblem[]>;
  /**
   * Takes damaged files out of use and keeps what is good of them. What is lost is stored anew by the next capture of
   * the same content, for all checkpoints that refer to it.
   */
  repair(): Promise<StoreRepair>;
  /**
   * Writes one whole checkpoint, read back in full, to a file that `importBundle` of any store of the same kind takes.
   * Returns the file's SHA-256 and its size in bytes.
   */
  exportBundle(id: string, file: string): Promise<FileDigest>;
  /**
   * Create-only, and from a source that is not trusted: all content is compared with the manifest before the checkpoint
   * appears. Answers as `put` did where it was made. The same checkpoint again is answered as the first time; another one
   * under its id fails with `checkpoint-invalid`, a bundle that is damaged or of another id with `checkpoint-corrupt`.
   */
  importBundle(id: string, file: string): Promise<PutResult>;
  /** Bytes that a deletion of these would free, as they are stored. */
  exclusiveBytes(ids: readonly string[]): Promise<number>;
  /** Ids that are not there are passed over. */
  delete(ids: readonly string[]): Promise<void>;
  /** Frees content that no checkpoint refers to and what killed writers left behind. Returns the bytes freed. */
  sweep(): Promise<{ freedBytes: number }>;
  usage(): Promise<StoreUsage>;
  close(): Promise<void>;
}

export type { CheckpointRecord, StoreProblem };

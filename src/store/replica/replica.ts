import type { FileDigest } from '../digest-file.ts';

/** One object as the storage describes it. */
export interface ReplicaObject {
  key: string;
  /** Of all its bytes, hexadecimal, as it was named when the object was put. */
  sha256: string;
  /** Bytes. */
  size: number;
  /** ISO 8601, by the storage's clock. */
  storedAt: string;
  metadata: Record<string, string>;
}

export type ListedObject = Pick<ReplicaObject, 'key' | 'size' | 'storedAt'>;

export interface PutOrder extends FileDigest {
  /** Names in lower case, printable ASCII values, 1 KiB together. `sha256` is added by the adapter. */
  metadata: Record<string, string>;
}

/**
 * Storage on other machines for whole files that are written once. Keys are full: they begin with `prefix`.
 *
 * Errors: `replica-failed` names the endpoint, bucket and key and never a secret; those that may pass by themselves are
 * retryable. `checkpoint-corrupt` for bytes that are not those of the digest, `checkpoint-invalid` for a key that is
 * taken, `disk-full`, `invalid-input`.
 */
export interface Replica {
  /** Without slashes at its ends; empty when keys begin at the bucket's root. */
  readonly prefix: string;
  /** Endpoint and bucket, for messages. */
  readonly place: string;
  /**
   * Create-only. `exists`: it is there with the same digest. With another digest it fails, and what is there stays. The
   * file must not change meanwhile; the storage compares what it gets with the digest.
   */
  putOnce(key: string, file: string, order: PutOrder): Promise<'created' | 'exists'>;
  /** Writes the object to a file, readable by its owner only, and compares its digest. No file is left after a failure. */
  get(key: string, file: string): Promise<ReplicaObject>;
  /** Undefined when there is no such object. */
  head(key: string): Promise<ReplicaObject | undefined>;
  /** All objects whose keys begin so, sorted by key. */
  list(prefix: string): Promise<ListedObject[]>;
  /** Keys that are not there are passed over. */
  delete(keys: readonly string[]): Promise<void>;
  /** Frees the connections. */
  close(): Promise<void>;
}

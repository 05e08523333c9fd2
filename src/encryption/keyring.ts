import { RerailError } from '../domain/errors.ts';

/** AES-256: 32 bytes. */
export const KEY_BYTES = 32;

export interface EncryptionKey {
  /** Stands beside each payload that was encrypted with it, in clear. */
  id: string;
  key: Uint8Array;
}

export interface Keyring {
  /** What new payloads are encrypted with. */
  active: EncryptionKey;
  /** Throws `encryption-key-unknown`. */
  find: (id: string) => EncryptionKey;
}

export const unknownKey = (id: string, known: readonly string[]): RerailError =>
  new RerailError(
    'encryption-key-unknown',
    `a payload was encrypted with the key "${id}", which is not among the known ones (${known.join(', ')})`,
    {
      remedy: `Put the key "${id}" back into the file of the setting encryptionKeysFile; it need not be the active one.`,
      nonRetryable: true,
    },
  );

/** The active key encrypts, each of them decrypts. The loader has checked that they are whole. */
export function createKeyring(active: string, keys: readonly EncryptionKey[]): Keyring {
  const find = (id: string): EncryptionKey => {
    const found = keys.find((key) => key.id === id);
    if (!found)
      throw unknownKey(
        id,
        keys.map((key) => key.id),
      );
    return found;
  };
  return { active: find(active), find };
}

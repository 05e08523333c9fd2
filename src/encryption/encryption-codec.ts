import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { RerailError } from '../domain/errors.ts';
import type { EncryptionKey, Keyring } from './keyring.ts';

/** In a payload's metadata; the first two are what Temporal's own samples use. */
const ENCODING = 'encoding';
const KEY_ID = 'encryption-key-id';
const ENCRYPTED = 'binary/encrypted';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

export const isEncrypted = ({ metadata }: Payload): boolean => text(metadata?.[ENCODING]) === ENCRYPTED;

/** Each with a nonce of its own; the key's id is bound, so that it cannot be exchanged. */
function encrypt({ id, key }: EncryptionKey, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(id));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt({ id, key }: EncryptionKey, sealed: Buffer): Buffer {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tag = sealed.subarray(-TAG_BYTES);
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      .setAAD(Buffer.from(id))
      .setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new RerailError('encryption-failed', `a payload cannot be decrypted with the key "${id}"`, {
      remedy: 'It was changed, or another key has had this id: give each new key an id of its own.',
      cause,
      nonRetryable: true,
    });
  }
}

/**
 * Encrypts payloads before they leave for Temporal and decrypts what comes back. What was never encrypted is let
 * through, so that this can be switched on at any time. Errors: `encryption-key-unknown`, `encryption-failed`.
 */
export function createEncryptionCodec(keyring: Keyring): PayloadCodec {
  const { Payload: Wire } = proto.temporal.api.common.v1;
  return {
    encode: (payloads) =>
      Promise.resolve(
        payloads.map((payload) => {
          if (isEncrypted(payload)) return payload;
          const { active } = keyring;
          return {
            metadata: { [ENCODING]: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(active.id) },
            data: encrypt(active, Wire.encode(payload).finish()),
          };
        }),
      ),
    async decode(payloads) {
      return payloads.map((payload) => {
        if (!isEncrypted(payload)) return payload;
        const key = keyring.find(text(payload.metadata?.[KEY_ID]));
        return Wire.decode(decrypt(key, Buffer.from(payload.data ?? [])));
      });
    },
  };
}

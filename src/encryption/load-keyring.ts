import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { explainIssues, readYaml } from '../config/parse-yaml.ts';
import { RerailError } from '../domain/errors.ts';
import { SecretRefSchema } from '../domain/operation.schema.ts';
import { readSecret } from '../process/read-secret.ts';
import { createKeyring, KEY_BYTES, type EncryptionKey, type Keyring } from './keyring.ts';

const KeysFileSchema = z.strictObject({
  /** Id of the key that encrypts; all of them decrypt. */
  active: z.string().min(1),
  keys: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'may hold letters, digits, dots, dashes and underscores only'),
        /** 32 bytes in base64, or where such a text is. */
        key: z.union([SecretRefSchema, z.base64()], 'must be 32 bytes in base64, env:NAME or file:/path'),
      }),
    )
    .min(1)
    .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'two keys have the same id'),
});

const refusal = (message: string, remedy: string): RerailError =>
  new RerailError('settings-invalid', message, { remedy, nonRetryable: true });

const MAKE_ONE = 'Make a key with `rerail encryption key`.';

async function refuseReadableByOthers(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || (found.mode & 0o077) === 0) return;
  const mode = (found.mode & 0o777).toString(8);
  throw refusal(`others than its owner may use the keys in ${file} (mode ${mode})`, `Run chmod 600 ${file}.`);
}

async function readKey(file: string, { id, key }: { id: string; key: string }): Promise<EncryptionKey> {
  const text = SecretRefSchema.safeParse(key).success ? (await readSecret(key)).trim() : key;
  const bytes = z.base64().safeParse(text).success ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  if (bytes.length === KEY_BYTES) return { id, key: bytes };
  throw refusal(`${file}: the key "${id}" is not ${KEY_BYTES} bytes in base64`, MAKE_ONE);
}

/**
 * The keys of the setting encryptionKeysFile: YAML or JSON with `active` and `keys`. Throws `settings-invalid` for keys
 * that are not whole or that others can read, `secret-not-found` for one that is elsewhere and not there.
 */
export async function loadKeyring(file: string): Promise<Keyring> {
  const [document, ...more] = await readYaml(file, 'settings-invalid');
  await refuseReadableByOthers(file);
  if (!document || more.length > 0) throw refusal(`${file} is not one document with "active" and "keys"`, MAKE_ONE);
  const parsed = KeysFileSchema.safeParse(document.value);
  if (!parsed.success) throw refusal(explainIssues(parsed.error.issues, document), MAKE_ONE);
  const { active, keys } = parsed.data;
  if (!keys.some(({ id }) => id === active)) {
    throw refusal(
      `${file}: "active" names the key "${active}", which is not among ${keys.map(({ id }) => id).join(', ')}`,
      'Name one of the keys.',
    );
  }
  return createKeyring(active, await Promise.all(keys.map((key) => readKey(file, key))));
}
